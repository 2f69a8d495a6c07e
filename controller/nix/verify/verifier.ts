import type { CallOptions, DockerPort } from '../../docker/port.js';
import type { EmitCacheEvent } from '../../model/cache-event.js';
import { lookAt, type Clock } from '../../model/clock.js';
import type { DesiredCache } from '../../model/desired.js';
import type { Failure } from '../../model/reasons.js';
import { rememberingReader, scheduledDue, type ScheduledDue, type ScheduleReader } from '../../model/schedule.js';
import type { SomePaths, VerifyNews, VerifyRun, VerifyStatus, VerifyTrigger } from '../../model/verify-status.js';
import { damageAfter, pathsOf, type VerifyFindings } from './findings.js';
import { DAMAGED_KEPT, newVerifyRecord, RUNS_KEPT, type VerifyRecord, type VerifyRecordFile } from './record.js';
import { beginVerification, type StoreVerification } from './verify-store.js';

/** What the verifier of one cache is given. */
export interface VerifierDependencies {
  readonly cache: string;
  readonly docker: DockerPort;
  readonly clock: Clock;
  readonly calls: CallOptions;
  readonly record: VerifyRecordFile;
  /** False: only when a person asks. */
  readonly isScheduled: boolean;
  readonly desired: () => DesiredCache | null;
  /** The id of the keeper's container while it can be asked. */
  readonly keeperId: () => string | null;
  /** Why the cache cannot be used now. */
  readonly unavailable: () => Failure | null;
  readonly isCollecting: () => boolean;
  readonly emit: EmitCacheEvent;
  readonly onChange: () => void;
}

/** The verifications of one cache. */
export interface Verifier {
  /** Begins a run that is due, and looks again when the next one is. */
  consider(): void;
  isUnderWay(): boolean;
  /**
   * Looks through the whole store; with `repair`, what is damaged is fetched or built once more. The last news is what
   * came of it. Throws only when the controller ends.
   */
  verify(repair: boolean, onNews: (news: VerifyNews) => void): Promise<void>;
  /** Ends a run that is under way, because something else begins that must not wait. */
  giveWay(): void;
  /** Forgets everything, because the store was emptied. */
  forget(): void;
  /** Null: no spec names the cache. */
  status(): VerifyStatus | null;
}

interface VerifierState {
  readonly deps: VerifierDependencies;
  /** In ms since the epoch. */
  readonly watchingSince: number;
  readonly readSchedule: ScheduleReader;
  record: VerifyRecord;
  /** The run that is under way, and what it does now, for a person. */
  underWay: { words: string; verification: StoreVerification | null } | null;
  timer: AbortController | null;
}

/** How many paths of one kind a run and a status name. */
const PATHS_NAMED = 20;

/** The verifications of one cache: one at a time, a share by schedule, and everything when a person asks. */
export function createVerifier(deps: VerifierDependencies): Verifier {
  const now = deps.clock.now();
  const state: VerifierState = {
    deps,
    watchingSince: now,
    readSchedule: rememberingReader(),
    record: { ...newVerifyRecord(now), ...deps.record.load() },
    underWay: null,
    timer: null,
  };
  return {
    consider: () => consider(state),
    isUnderWay: () => state.underWay !== null,
    verify: (repair, onNews) => verifyNow(state, repair, onNews),
    giveWay: () => state.underWay?.verification?.end(),
    forget() {
      keep(state, newVerifyRecord(deps.clock.now()));
      deps.onChange();
    },
    status: () => statusOf(state),
  };
}

function keep(state: VerifierState, change: Partial<VerifyRecord>): void {
  state.record = { ...state.record, ...change };
  state.deps.record.save(state.record);
}

function dueNow({ deps, record, watchingSince, readSchedule }: VerifierState): ScheduledDue {
  const config = deps.desired()?.config.verify;
  if (config === undefined || config.share === null) return { trigger: null, nextAt: null };
  const since = record.runs[0]?.startedAt ?? record.knownSince;
  return scheduledDue({ ...config, now: deps.clock.now(), since, watchingSince }, readSchedule);
}

function consider(state: VerifierState): void {
  const { isScheduled, calls, clock, keeperId, unavailable, isCollecting } = state.deps;
  state.timer?.abort();
  if (!isScheduled || state.underWay !== null || calls.signal?.aborted === true) return;
  const { trigger, nextAt } = dueNow(state);
  const share = state.deps.desired()?.config.verify.share ?? null;
  // A run that cannot begin now begins soon: whatever stands in the way ends with a look at the cache.
  const canBegin = keeperId() !== null && unavailable() === null && !isCollecting();
  if (trigger !== null && share !== null && canBegin)
    return void run(state, { trigger, share, repair: false }, () => undefined).catch(() => undefined);
  if (nextAt === null) return;
  state.timer = lookAt(clock, nextAt, calls.signal, () => consider(state));
}

interface RunRequest {
  readonly trigger: VerifyTrigger;
  readonly share: number;
  readonly repair: boolean;
}

async function run(
  state: VerifierState,
  { trigger, share, repair }: RunRequest,
  tell: (words: string) => void,
): Promise<VerifyRun> {
  const { deps, record } = state;
  const keeperId = deps.keeperId();
  if (keeperId === null) throw new Error(`the keeper of the cache ${deps.cache} is not ready`);
  const startedAt = deps.clock.now();
  const mine: VerifierState['underWay'] = { words: 'listing the paths of the store', verification: null };
  const onProgress = (found: VerifyFindings) => {
    mine.words = `${found.verifiedPaths} of ${found.count} paths verified`;
    tell(mine.words);
    deps.onChange();
  };
  state.underWay = mine;
  mine.verification = beginVerification(
    deps.docker,
    { cache: deps.cache, keeperId, after: record.cursor, share, known: record.damaged, repair, onProgress },
    deps.calls,
  );
  deps.onChange();
  try {
    const { found, failure } = await mine.verification.ended;
    const seconds = (deps.clock.now() - startedAt) / 1_000;
    return settle(state, found, { startedAt, trigger, repair, failure, seconds });
  } finally {
    state.underWay = null;
    deps.onChange();
    consider(state);
  }
}

type RunFacts = Pick<VerifyRun, 'startedAt' | 'trigger' | 'repair' | 'failure' | 'seconds'>;

function settle(state: VerifierState, found: VerifyFindings, facts: RunFacts): VerifyRun {
  const { deps, record } = state;
  const { damaged, lost } = damageAfter(record, found);
  const ended: VerifyRun = {
    ...facts,
    result: facts.failure !== null ? 'aborted' : damaged.length > 0 ? 'damaged' : 'intact',
    verifiedPaths: found.verifiedPaths,
    verifiedBytes: found.verifiedBytes,
    totalPaths: found.total ?? 0,
    mended: named(pathsOf(found, 'mended')),
    damaged: named(damaged),
    lost: named(lost),
  };
  const kept = damaged.slice(0, DAMAGED_KEPT);
  keep(state, {
    runs: [ended, ...record.runs].slice(0, RUNS_KEPT),
    cursor: found.cursor ?? record.cursor,
    damaged: kept,
    lost: lost.filter((path) => kept.includes(path)),
  });
  deps.emit({ type: 'verify-ended', cache: deps.cache, run: ended });
  return ended;
}

async function verifyNow(state: VerifierState, repair: boolean, onNews: (news: VerifyNews) => void): Promise<void> {
  const { cache, unavailable, isCollecting } = state.deps;
  const refused =
    state.underWay !== null
      ? `a verification of the cache ${cache} is under way: ${state.underWay.words}`
      : isCollecting()
        ? `the garbage of the cache ${cache} is being collected: try again afterwards`
        : unavailable()?.message;
  if (refused !== undefined) return onNews({ type: 'refused', cache, message: refused });
  const tell = (message: string) => onNews({ type: 'progress', cache, message });
  onNews({ type: 'run', cache, run: await run(state, { trigger: 'request', share: 100, repair }, tell) });
}

function statusOf(state: VerifierState): VerifyStatus | null {
  const { deps, underWay, record } = state;
  const config = deps.desired()?.config.verify;
  if (config === undefined) return null;
  return {
    config,
    nextRunAt: dueNow(state).nextAt,
    underWay: underWay?.words ?? null,
    runs: record.runs,
    damaged: named(record.damaged),
    lost: named(record.lost),
  };
}

function named(paths: readonly string[]): SomePaths {
  return { count: paths.length, first: paths.slice(0, PATHS_NAMED) };
}
