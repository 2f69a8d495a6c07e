import { isDeepStrictEqual } from 'node:util';
import type { CacheReport, CacheStatus } from '../model/cache-status.js';
import { knownHoles } from '../model/nix-holes.js';
import type { NewEvent } from '../model/status.js';
import { cacheConditionsOf, nextCachePhase } from './cache-conditions.js';
import { conditionOf } from './conditions.js';
import { createWarnings } from './warnings.js';
import { phaseEvent, type Glance } from './transitions.js';

/** The statuses of caches, by name. */
export interface CacheStatuses {
  report(report: CacheReport): void;
  get(name: string): CacheStatus | null;
  /** Lists the statuses, sorted by name. */
  list(): readonly CacheStatus[];
}

/** Creates the caches' part of the status store; `now` returns ms since the epoch, and `record` receives the events. */
export function createCacheStatuses({
  now,
  record,
}: {
  readonly now: () => number;
  readonly record: (event: NewEvent) => void;
}): CacheStatuses {
  const caches = new Map<string, CacheStatus>();
  const warnings = createWarnings();

  function report(report: CacheReport): void {
    const { name, verdict } = report;
    const before = caches.get(name) ?? null;
    if (verdict.kind === 'removed') {
      warnings.forget(name);
      if (caches.delete(name))
        record({
          type: 'Normal',
          workspace: null,
          cache: name,
          reason: 'Removed',
          message: 'Neither a spec nor a workspace names it any more.',
        });
      return;
    }
    const after = statusAfter(before, report, now());
    if (isDeepStrictEqual(before, after)) return;
    caches.set(name, after);
    // A problem of the cache's spec already has an event, with the other problems of its source.
    const event = phaseEvent(before === null ? null : glance(before), glance(after));
    if (event !== null) record({ ...event, workspace: null, cache: name });
    for (const news of warnings.of(after)) record({ ...news, workspace: null, cache: name });
  }

  return {
    report,
    get: (name) => caches.get(name) ?? null,
    list: () => [...caches.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function statusAfter(before: CacheStatus | null, report: CacheReport, now: number): CacheStatus {
  const {
    name,
    volume,
    nixpkgsRelease,
    sandbox,
    keeper,
    storeBytes,
    storePaths,
    environments,
    workspaces,
    underWay,
    totals,
    gc,
    verify,
  } = report;
  return {
    name,
    phase: nextCachePhase(before?.phase ?? null, report),
    location: report.spec.location,
    volume,
    nixpkgsRelease,
    sandbox,
    keeper,
    storeBytes,
    storePaths,
    environments,
    workspaces,
    underWay,
    totals,
    gc,
    verify,
    conditions: cacheConditionsOf(report, before?.conditions ?? [], now),
    hitRate: hitRate(report),
    knownHoles: holesOf(report),
  };
}

function holesOf({ keeper }: CacheReport): string[] | null {
  const version = keeper?.nixVersion ?? null;
  return version === null ? null : (knownHoles(version)?.map(({ id }) => id) ?? null);
}

function hitRate({ totals: { paths } }: CacheReport): number | null {
  const asked = paths.hit + paths.fetched + paths.built;
  return asked === 0 ? null : paths.hit / asked;
}

function glance(status: CacheStatus): Glance {
  return { phase: status.phase, ready: conditionOf(status, 'Ready') };
}
