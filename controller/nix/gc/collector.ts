import { isDeepStrictEqual } from 'node:util';
import type { CallOptions, DockerPort } from '../../docker/port.js';
import type { EmitCacheEvent } from '../../model/cache-event.js';
import { later, type Clock } from '../../model/clock.js';
import type { DesiredCache } from '../../model/desired.js';
import type { ObservedContainer } from '../../model/engine-objects.js';
import type { GcNews, GcRun, GcStatus, GcTrigger } from '../../model/gc-status.js';
import { cacheVolumeName } from '../../model/names.js';
import type { Failure } from '../../model/reasons.js';
import type { Environments } from '../packages/environments.js';
import type { Imports } from '../images/imports.js';
import type { StoreSize } from '../keeper/keeper-answers.js';
import { gcDue } from './due.js';
import { createGcCommands } from './gc-commands.js';
import { goneAfter } from './gone.js';
import type { GcState } from './machine.js';
import { countRoots } from './plan-roots.js';
import { lastRunAt, newGcRecord, RUNS_KEPT, type GcRecord, type GcRecordFile } from './record.js';
import { runGc, type GcEnd } from './run.js';
import { isLeftScanner } from './scanner.js';
import { createGcSteps, type GcFindings, type GcWorkspace } from './steps.js';

export interface CollectorDependencies {
  readonly cache: string;
  readonly instance: string;
  readonly docker: DockerPort;
  readonly clock: Clock;
  readonly calls: CallOptions;
  readonly record: GcRecordFile;
  /** False: only when a person asks. */
  readonly isScheduled: boolean;
  readonly desired: () => DesiredCache | null;
  readonly workspaces: () => readonly GcWorkspace[];
  /** Names of the workspaces, and of the prewarmed profile while there is one. */
  readonly wantedProfiles: () => readonly string[];
  readonly isComplete: () => boolean;
  readonly environments: Environments;
  readonly imports: Imports;
  /** The id of the keeper's container while it can be asked. */
  readonly keeperId: () => string | null;
  /** Why a collection cannot begin now. */
  readonly unavailable: () => Failure | null;
  readonly listUsers: (calls: CallOptions) => Promise<readonly ObservedContainer[]>;
  readonly dataVolumes: () => readonly string[];
  readonly containers: () => Iterable<ObservedContainer>;
  /** Measures the store now. */
  readonly measure: () => Promise<StoreSize | null>;
  readonly size: () => StoreSize | null;
  readonly emit: EmitCacheEvent;
  readonly onChange: () => void;
}

/** A timer that is longer is looked at in between: the clock may be set. */
const LONGEST_WAIT_MS = 3_600_000;
/** Beyond `retain`, so that two runs in a row agree on who is gone. */
const FORGET_MS = 86_400_000;

export type Collector = ReturnType<typeof createCollector>;

/** The collections of one cache: one at a time, by its schedule, over its bound, and when a person asks. */
export function createCollector(deps: CollectorDependencies) {
  const { clock, calls, cache } = deps;
  const watchingSince = clock.now();
  let record: GcRecord = { ...newGcRecord(clock.now()), ...deps.record.load(), underWay: null };
  let underWay: { words: string } | null = null;
  /** Of workspaces, since the run began. */
  let named = new Set<string>();
  let timer: AbortController | null = null;

  function keep(change: Partial<GcRecord>): void {
    record = { ...record, ...change };
    deps.record.save(record);
  }

  function dueNow(): ReturnType<typeof gcDue> {
    const config = deps.desired()?.config.gc;
    if (config === undefined) return { trigger: null, nextAt: null };
    return gcDue({
      config,
      now: clock.now(),
      lastRunAt: lastRunAt(record),
      knownSince: record.knownSince,
      watchingSince,
      storeBytes: deps.size()?.bytes ?? null,
      lastOver: record.lastOver,
    });
  }

  /** Begins a run that is due, and looks again when the next one is. */
  function consider(): void {
    timer?.abort();
    if (!deps.isScheduled || underWay !== null || calls.signal?.aborted === true) return;
    const { trigger, nextAt } = dueNow();
    // Not now is soon: whatever stands in the way ends with a look at the cache.
    if (trigger !== null && deps.keeperId() !== null && deps.unavailable() === null)
      return void run(trigger, false, () => undefined).catch(() => undefined);
    if (nextAt === null) return;
    timer = new AbortController();
    later(
      clock,
      Math.min(LONGEST_WAIT_MS, Math.max(1_000, nextAt - clock.now())),
      AbortSignal.any([timer.signal, ...(calls.signal === undefined ? [] : [calls.signal])]),
      consider,
    );
  }

  async function run(
    trigger: GcTrigger,
    dryRun: boolean,
    onProgress: (words: string) => void,
  ): Promise<{ readonly run: GcRun; readonly findings: GcFindings }> {
    const keeperId = deps.keeperId();
    const desired = deps.desired();
    if (keeperId === null || desired === null) throw new Error(`the keeper of the cache ${cache} is not ready`);
    const startedAt = clock.now();
    const mine = { words: 'looking at the roots' };
    const commands = createGcCommands(deps.docker, keeperId);
    underWay = mine;
    named = new Set(deps.wantedProfiles());
    if (!dryRun) keep({ underWay: { startedAt, trigger } });
    const tell = (words: string) => {
      mine.words = words;
      onProgress(words);
      deps.onChange();
    };
    try {
      const work = createGcSteps(
        {
          ...deps,
          config: desired.config.gc,
          image: desired.config.image,
          commands,
          keepsPrewarm: () => (deps.desired()?.config.prewarm.length ?? 0) > 0,
          goneSince: () => new Map(Object.entries(record.goneSince)),
          named: () => named,
          mountPaths: () => record.mountPaths,
          onProgress: tell,
        },
        dryRun,
      );
      const onStep = (step: GcState, seconds: number) => {
        deps.emit({ type: 'gc-step', cache, step, seconds });
        tell(WORDS[step] ?? step);
      };
      const end = await runGc(work, dryRun, { clock, cache, deadlineMs: desired.config.gc.deadlineMs, onStep, calls });
      if (end.result === 'success' && !dryRun && desired.config.gc.optimise) {
        tell('replacing equal files by links');
        await commands.optimise(calls).catch(() => undefined);
      }
      const findings = work.findings();
      const ended = runOf(startedAt, trigger, end, findings);
      if (!dryRun) await settle(ended, findings);
      return { run: ended, findings };
    } finally {
      underWay = null;
      deps.onChange();
      consider();
    }
  }

  function runOf(
    startedAt: number,
    trigger: GcTrigger,
    { result, failure }: GcEnd,
    { collected, roots, heldSeconds }: GcFindings,
  ): GcRun {
    return {
      startedAt,
      trigger,
      result,
      failure,
      seconds: (clock.now() - startedAt) / 1_000,
      heldSeconds,
      freedBytes: collected?.freedBytes ?? 0,
      freedPaths: collected?.freedPaths ?? 0,
      keptPaths: collected?.livePaths ?? 0,
      leftPaths: collected?.leftPaths ?? 0,
      roots: countRoots(roots),
    };
  }

  async function settle(ended: GcRun, findings: GcFindings): Promise<void> {
    const { maxBytes = null, retainMs = 0 } = deps.desired()?.config.gc ?? {};
    // It walks the whole store: only the bound has to know now.
    const measured = deps.measure();
    const size = maxBytes === null ? null : await measured;
    const isOver = maxBytes !== null && size !== null && size.bytes > maxBytes;
    const goneSince = goneAfter(
      record.goneSince,
      findings,
      new Set(deps.wantedProfiles()),
      ended.startedAt,
      ended.result === 'success' ? clock.now() - Math.max(retainMs, FORGET_MS) : -Infinity,
    );
    keep({
      underWay: null,
      runs: [ended, ...record.runs].slice(0, RUNS_KEPT),
      goneSince,
      roots: ended.result === 'aborted' ? record.roots : ended.roots,
      lastOver: isOver ? { at: clock.now(), bytes: size.bytes } : null,
    });
    deps.emit({ type: 'gc-ended', cache, run: ended });
  }

  function noteMountPaths(): void {
    const now = Object.fromEntries(deps.workspaces().map(({ name, storageMountPath }) => [name, storageMountPath]));
    const were = Object.entries(record.mountPaths).filter(
      ([name]) => now[name] === undefined && record.goneSince[name] !== undefined,
    );
    const mountPaths = { ...Object.fromEntries(were), ...now };
    if (!isDeepStrictEqual(mountPaths, record.mountPaths)) keep({ mountPaths });
  }

  return {
    consider,
    isUnderWay: (): boolean => underWay !== null,
    /** `names`: workspaces of the cache, and its prewarmed profile while there is one. Those that were there and are not any more are gone since now. */
    noteNames(names: readonly string[], before: readonly string[]): void {
      const present = new Set(names);
      for (const name of names) named.add(name);
      const known = [...before, ...deps.environments.profileNames()];
      const gone = known.filter((name) => !present.has(name) && record.goneSince[name] === undefined);
      const back = Object.keys(record.goneSince).filter((name) => present.has(name));
      const kept = Object.entries(record.goneSince).filter(([name]) => !present.has(name));
      if (gone.length + back.length > 0)
        keep({ goneSince: Object.fromEntries([...kept, ...gone.map((name) => [name, clock.now()] as const)]) });
      noteMountPaths();
    },
    /** The last news is what came of it; it does not throw but at the controller's end. */
    async collect(dryRun: boolean, onNews: (news: GcNews) => void): Promise<void> {
      const refused =
        underWay !== null
          ? `a collection of the cache ${cache} is under way: ${underWay.words}`
          : deps.unavailable()?.message;
      if (refused !== undefined) return onNews({ type: 'refused', cache, message: refused });
      const { run: ended, findings } = await run('request', dryRun, (message) =>
        onNews({ type: 'progress', cache, message }),
      );
      if (dryRun && findings.preview !== null) onNews({ type: 'preview', preview: { cache, ...findings.preview } });
      else onNews({ type: 'run', cache, run: ended });
    },
    status(): GcStatus | null {
      const config = deps.desired()?.config.gc;
      if (config === undefined) return null;
      return {
        config,
        nextRunAt: dueNow().nextAt,
        underWay: underWay?.words ?? null,
        runs: record.runs,
        roots: record.roots,
      };
    },
    /** Removes a scanner that a killed controller of this instance left. */
    async sweep(options: CallOptions): Promise<void> {
      if (underWay !== null) return;
      for (const container of deps.containers()) {
        const isOurs =
          isLeftScanner(container, deps.instance) &&
          container.mounts.some(({ source }) => source === cacheVolumeName(cache));
        if (isOurs) await deps.docker.removeContainer(container.id, true, options);
      }
    },
  };
}

/** What comes after each step, for a person. */
const WORDS: Partial<Record<GcState, string>> = {
  listing: 'looking for packages that are missing',
  restoring: 'looking for links in workspaces',
  linking: 'starting the scanner',
  preparing: 'waiting for realisations to end',
  gating: 'bringing the daemon to a standstill',
  freezing: 'looking at running processes',
  scanning: 'listing the dead',
  expiring: 'listing the dead',
  collecting: 'looking through what is kept',
  verifying: 'ending',
};
