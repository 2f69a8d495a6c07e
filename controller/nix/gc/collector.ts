import { isDeepStrictEqual } from 'node:util';
import type { CallOptions } from '../../docker/port.js';
import { lookAt } from '../../model/clock.js';
import type { GcNews, GcRun, GcStatus, GcTrigger } from '../../model/gc-status.js';
import { cacheVolumeName } from '../../model/names.js';
import { rememberingReader, type ScheduleReader } from '../../model/schedule.js';
import { runCollection, type Collection } from './collection.js';
import type { CollectorDependencies } from './collector-dependencies.js';
import { gcDue, type DueAnswer } from './due.js';
import { goneAfter, goneWithNames, mountPathsWith } from './gone.js';
import { lastRunAt, newGcRecord, RUNS_KEPT, type GcRecord } from './record.js';
import type { GcFindings } from './run-state.js';
import { isLeftScanner } from './scanner.js';

/** What a collector knows; only the functions of this file change it. */
interface CollectorState {
  readonly deps: CollectorDependencies;
  /** ms since the epoch. */
  readonly watchingSince: number;
  /** Whether a run is due is asked with every report. */
  readonly readSchedule: ScheduleReader;
  record: GcRecord;
  /** The run that is under way, and what it does now, for a person. */
  underWay: { words: string } | null;
  /** Workspaces that a spec named at any time since the last run began. */
  named: Set<string>;
  timer: AbortController | null;
}

/** Beyond `retain`, so that two runs in a row agree on who is gone. */
const FORGET_MS = 86_400_000;

/** The collections of one cache. */
export interface Collector {
  /** Begins a run that is due, and looks again when the next one is. */
  consider(): void;
  isUnderWay(): boolean;
  /**
   * `names`: workspaces of the cache, and its prewarmed profile while there is one. Those that were there and are not
   * any more are gone since now.
   */
  noteNames(names: readonly string[], before: readonly string[]): void;
  /** The last news is what came of it. Throws only when the controller ends. */
  collect(dryRun: boolean, onNews: (news: GcNews) => void): Promise<void>;
  /** Null: no spec names the cache. */
  status(): GcStatus | null;
  /** Removes a scanner that a killed controller of this instance left. */
  sweep(options: CallOptions): Promise<void>;
}

/** The collections of one cache: one at a time, by its schedule, over its bound, and when a person asks. */
export function createCollector(deps: CollectorDependencies): Collector {
  const now = deps.clock.now();
  const state: CollectorState = {
    deps,
    watchingSince: now,
    readSchedule: rememberingReader(),
    record: { ...newGcRecord(now), ...deps.record.load(), underWay: null },
    underWay: null,
    named: new Set(),
    timer: null,
  };
  return {
    consider: () => consider(state),
    isUnderWay: () => state.underWay !== null,
    noteNames: (names, before) => noteNames(state, names, before),
    collect: (dryRun, onNews) => collectNow(state, dryRun, onNews),
    status: () => statusOf(state),
    sweep: (options) => sweep(state, options),
  };
}

function keep(state: CollectorState, change: Partial<GcRecord>): void {
  state.record = { ...state.record, ...change };
  state.deps.record.save(state.record);
}

function dueNow({ deps, record, watchingSince, readSchedule }: CollectorState): DueAnswer {
  const config = deps.desired()?.config.gc;
  if (config === undefined) return { trigger: null, nextAt: null };
  const input = {
    config,
    now: deps.clock.now(),
    lastRunAt: lastRunAt(record),
    knownSince: record.knownSince,
    watchingSince,
    storeBytes: deps.size()?.bytes ?? null,
    lastOver: record.lastOver,
  };
  return gcDue(input, readSchedule);
}

function consider(state: CollectorState): void {
  const { isScheduled, calls, clock, keeperId, unavailable } = state.deps;
  state.timer?.abort();
  if (!isScheduled || state.underWay !== null || calls.signal?.aborted === true) return;
  const { trigger, nextAt } = dueNow(state);
  // A run that cannot begin now begins soon: whatever stands in the way ends with a look at the cache.
  if (trigger !== null && keeperId() !== null && unavailable() === null)
    return void run(state, trigger, false, () => undefined).catch(() => undefined);
  if (nextAt === null) return;
  state.timer = lookAt(clock, nextAt, calls.signal, () => consider(state));
}

async function run(
  state: CollectorState,
  trigger: GcTrigger,
  dryRun: boolean,
  onProgress: (words: string) => void,
): Promise<Collection> {
  const { deps } = state;
  const keeperId = deps.keeperId();
  const desired = deps.desired();
  if (keeperId === null || desired === null) throw new Error(`the keeper of the cache ${deps.cache} is not ready`);
  deps.onBegin();
  const startedAt = deps.clock.now();
  const mine = { words: 'looking at the roots' };
  if (!dryRun) keep(state, { underWay: { startedAt, trigger } });
  state.underWay = mine;
  state.named = new Set(deps.wantedProfiles());
  const tell = (words: string) => {
    mine.words = words;
    onProgress(words);
    deps.onChange();
  };
  try {
    const collection = await runCollection({
      deps,
      desired,
      keeperId,
      trigger,
      dryRun,
      startedAt,
      record: () => state.record,
      named: () => state.named,
      onProgress: tell,
    });
    if (!dryRun) await settle(state, collection.run, collection.findings);
    return collection;
  } finally {
    state.underWay = null;
    deps.onChange();
    consider(state);
  }
}

async function settle(state: CollectorState, ended: GcRun, findings: GcFindings): Promise<void> {
  const { deps } = state;
  const { maxBytes = null, retainMs = 0 } = deps.desired()?.config.gc ?? {};
  // Measuring walks the whole store: only the bound has to wait for it.
  const measured = deps.measure();
  // Where it cannot be measured now, the size that began the run must not begin the next one at once.
  const size = maxBytes === null ? null : ((await measured) ?? deps.size());
  const isOver = maxBytes !== null && size !== null && size.bytes > maxBytes;
  const { record } = state;
  const goneSince = goneAfter(
    record.goneSince,
    findings,
    new Set(deps.wantedProfiles()),
    ended.startedAt,
    ended.result === 'success' ? deps.clock.now() - Math.max(retainMs, FORGET_MS) : -Infinity,
  );
  keep(state, {
    underWay: null,
    runs: [ended, ...record.runs].slice(0, RUNS_KEPT),
    goneSince,
    roots: ended.result === 'aborted' ? record.roots : ended.roots,
    lastOver: isOver ? { at: deps.clock.now(), bytes: size.bytes } : null,
  });
  deps.emit({ type: 'gc-ended', cache: deps.cache, run: ended });
}

function noteNames(state: CollectorState, names: readonly string[], before: readonly string[]): void {
  const { deps } = state;
  for (const name of names) state.named.add(name);
  const known = [...before, ...deps.environments.profileNames()];
  const goneSince = goneWithNames(state.record.goneSince, new Set(names), known, deps.clock.now());
  if (goneSince !== null) keep(state, { goneSince });
  const mountPaths = mountPathsWith(state.record, deps.workspaces());
  if (!isDeepStrictEqual(mountPaths, state.record.mountPaths)) keep(state, { mountPaths });
}

async function collectNow(state: CollectorState, dryRun: boolean, onNews: (news: GcNews) => void): Promise<void> {
  const { cache, unavailable } = state.deps;
  const refused =
    state.underWay !== null
      ? `a collection of the cache ${cache} is under way: ${state.underWay.words}`
      : unavailable()?.message;
  if (refused !== undefined) return onNews({ type: 'refused', cache, message: refused });
  const onProgress = (message: string) => onNews({ type: 'progress', cache, message });
  const { run: ended, findings } = await run(state, 'request', dryRun, onProgress);
  if (dryRun && findings.preview !== null) onNews({ type: 'preview', preview: { cache, ...findings.preview } });
  else onNews({ type: 'run', cache, run: ended });
}

function statusOf(state: CollectorState): GcStatus | null {
  const { deps, underWay, record } = state;
  const config = deps.desired()?.config.gc;
  if (config === undefined) return null;
  return {
    config,
    nextRunAt: dueNow(state).nextAt,
    underWay: underWay?.words ?? null,
    runs: record.runs,
    roots: record.roots,
  };
}

async function sweep({ deps, underWay }: CollectorState, options: CallOptions): Promise<void> {
  if (underWay !== null) return;
  const volume = cacheVolumeName(deps.cache);
  for (const container of deps.containers()) {
    const isOurs = isLeftScanner(container, deps.instance) && container.mounts.some(({ source }) => source === volume);
    if (isOurs) await deps.docker.removeContainer(container.id, true, options);
  }
}
