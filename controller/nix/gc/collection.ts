import type { DesiredCache } from '../../model/desired.js';
import type { GcRun, GcTrigger } from '../../model/gc-status.js';
import type { CollectorDependencies } from './collector-dependencies.js';
import { createGcCommands } from './gc-commands.js';
import type { GcState } from './machine.js';
import { countRoots } from './plan-roots.js';
import type { GcRecord } from './record.js';
import type { GcFindings, GcStepsDependencies } from './run-state.js';
import { runGc, type GcEnd } from './run.js';
import { createGcWork } from './steps.js';

export interface CollectionRequest {
  readonly deps: CollectorDependencies;
  readonly desired: DesiredCache;
  /** The id of the keeper's container. */
  readonly keeperId: string;
  readonly trigger: GcTrigger;
  readonly dryRun: boolean;
  /** ms since the epoch. */
  readonly startedAt: number;
  /** The record as it is now. */
  readonly record: () => GcRecord;
  /** Workspaces that a spec named at any time since the run began. */
  readonly named: () => ReadonlySet<string>;
  /** What the run does now, for a person. */
  readonly onProgress: (words: string) => void;
}

export interface Collection {
  readonly run: GcRun;
  readonly findings: GcFindings;
}

/** One run from its first step to its last, and what came of it. Throws only when the controller ends. */
export async function runCollection(request: CollectionRequest): Promise<Collection> {
  const { deps, desired, dryRun, onProgress } = request;
  const { cache, calls, clock } = deps;
  const { deadlineMs, optimise } = desired.config.gc;
  const commands = createGcCommands(deps.docker, request.keeperId);
  const work = createGcWork({ ...stepsDependencies(request), commands }, dryRun);
  const onStep = (step: GcState, seconds: number) => {
    deps.emit({ type: 'gc-step', cache, step, seconds });
    onProgress(WORDS[step] ?? step);
  };
  const end = await runGc(work, dryRun, { clock, cache, deadlineMs, onStep, calls });
  if (end.result === 'success' && !dryRun && optimise) {
    onProgress('replacing equal files by links');
    await commands.optimise(calls).catch(() => undefined);
  }
  const findings = work.findings();
  return { run: runOf(request, end, findings), findings };
}

function stepsDependencies(request: CollectionRequest): Omit<GcStepsDependencies, 'commands'> {
  const { deps, desired, record, named, onProgress } = request;
  return {
    ...deps,
    config: desired.config.gc,
    image: desired.config.image,
    keepsPrewarm: () => (deps.desired()?.config.prewarm.length ?? 0) > 0,
    goneSince: () => new Map(Object.entries(record().goneSince)),
    named,
    mountPaths: () => record().mountPaths,
    onProgress,
  };
}

function runOf(
  { startedAt, trigger, deps: { clock } }: CollectionRequest,
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

/** What the run does after each step, for a person. */
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
