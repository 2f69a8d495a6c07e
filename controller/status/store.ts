import { isDeepStrictEqual } from 'node:util';
import type { CacheReport, CacheStatus } from '../model/cache-status.js';
import type { NewEvent, WorkspaceReport, WorkspaceStatus } from '../model/status.js';
import { createCacheStatuses } from './caches.js';
import { conditionOf, conditionsOf } from './conditions.js';
import { createEventRecord, type CountedEvent, type EventFilter } from './events.js';
import { nextPhase } from './lifecycle.js';
import { createPackageNews } from './package-news.js';
import { settled } from './settled.js';
import { problemEvents, type SourceSummary } from './sources.js';
import { eventsBetween } from './transitions.js';

/** `before` is null for a new workspace, `after` for a removed one. */
export type StatusChange =
  | { readonly name: string; readonly before: WorkspaceStatus | null; readonly after: WorkspaceStatus }
  | { readonly name: string; readonly before: WorkspaceStatus; readonly after: null };

export type StatusListener = (change: StatusChange) => void;

/** The readable part of the store. Statuses are immutable. */
export interface StatusReader {
  get(name: string): WorkspaceStatus | null;
  /** Lists the statuses of workspaces, sorted by name. */
  list(): readonly WorkspaceStatus[];
  cache(name: string): CacheStatus | null;
  /** Lists the statuses of caches, sorted by name. */
  caches(): readonly CacheStatus[];
  /** Lists events, oldest first. */
  events(filter?: EventFilter): readonly CountedEvent[];
  /** The names of the workspaces whose removal waits for a confirmation (law 4), sorted. */
  held(): readonly string[];
  /** Lists the sources, sorted by id. */
  sources(): readonly SourceSummary[];
}

/** The store with its writing methods. */
export interface StatusStore extends StatusReader {
  report(report: WorkspaceReport): void;
  reportCache(report: CacheReport): void;
  /** Records that a workspace that had converged to the revision `from` has converged to `to` as well. */
  revise(name: string, from: string, to: string): void;
  /** Records an event that is not a change of status, such as drift that was found. */
  record(event: NewEvent): void;
  setHeld(names: readonly string[]): void;
  setSources(sources: readonly SourceSummary[]): void;
  /** Calls `listener` after each change of a workspace's status; the returned function stops that. */
  subscribe(listener: StatusListener): () => void;
}

/**
 * Creates the status store, empty at first. It is written only from reports and never read back as input (law 10).
 * `now` returns ms since the epoch.
 */
export function createStatusStore(options: {
  readonly now: () => number;
  readonly eventCapacity?: number;
}): StatusStore {
  const { now } = options;
  const workspaces = new Map<string, WorkspaceStatus>();
  const listeners = new Set<StatusListener>();
  const record = createEventRecord({ now, capacity: options.eventCapacity });
  const packageNews = createPackageNews();
  const caches = createCacheStatuses({ now, record: record.add });
  let held: readonly string[] = [];
  let sources: readonly SourceSummary[] = [];

  function notify(change: StatusChange): void {
    for (const listener of [...listeners]) listener(change);
  }

  function drop(name: string): void {
    const before = workspaces.get(name);
    if (before === undefined) return;
    workspaces.delete(name);
    packageNews.forget(name);
    record.add({
      type: 'Normal',
      workspace: name,
      reason: 'Removed',
      message: 'The spec is gone and its container is removed.',
    });
    notify({ name, before, after: null });
  }

  function report(report: WorkspaceReport): void {
    if (report.verdict.kind === 'removed') return drop(report.name);
    const before = workspaces.get(report.name) ?? null;
    const after = statusAfter(before, report, now());
    if (isDeepStrictEqual(before, after)) return;
    workspaces.set(report.name, after);
    for (const event of [...eventsBetween(before, after), ...packageNews.of(after)]) record.add(event);
    notify({ name: report.name, before, after });
  }

  function revise(name: string, from: string, to: string): void {
    const before = workspaces.get(name);
    if (before === undefined || before.revision !== from) return;
    const after = { ...before, revision: to };
    workspaces.set(name, after);
    notify({ name, before, after });
  }

  function setSources(next: readonly SourceSummary[]): void {
    for (const event of problemEvents(sources, next)) record.add(event);
    sources = [...next].sort((a, b) => compare(a.id, b.id));
  }

  return {
    report,
    revise,
    reportCache: caches.report,
    cache: caches.get,
    caches: caches.list,
    record: record.add,
    events: record.list,
    get: (name) => workspaces.get(name) ?? null,
    list: () => [...workspaces.values()].sort((a, b) => compare(a.name, b.name)),
    setHeld(names) {
      held = [...names].sort(compare);
    },
    held: () => held,
    setSources,
    sources: () => sources,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function statusAfter(before: WorkspaceStatus | null, report: WorkspaceReport, now: number): WorkspaceStatus {
  const status: WorkspaceStatus = {
    name: report.name,
    phase: nextPhase(before?.phase ?? null, report.verdict),
    // The report of a removal has no spec, so the last one stays.
    specHash: report.spec?.hash ?? before?.specHash ?? null,
    location: report.spec?.location ?? before?.location ?? null,
    revision: before?.revision ?? null,
    conditions: conditionsOf(report, before?.conditions ?? [], now),
    container: report.container,
    cache: cacheOf(report),
  };
  const { spec } = report;
  return spec !== null && spec.problem === null && isConverged(status)
    ? { ...status, revision: spec.revision }
    : status;
}

/** Whether the workspace is settled for certain; packages whose state is unknown may be those of another revision. */
function isConverged(status: WorkspaceStatus): boolean {
  return settled(status) && conditionOf(status, 'PackagesReady')?.status !== 'Unknown';
}

function cacheOf({ cache: report }: WorkspaceReport): WorkspaceStatus['cache'] {
  if (report === null) return null;
  const { cache: name, packages, profile, progress, lastUse } = report;
  return { name, packages, profile, progress, lastUse };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
