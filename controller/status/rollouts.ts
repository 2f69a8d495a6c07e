import type { Clock } from '../model/clock.js';
import type { CacheStatus } from '../model/cache-status.js';
import type { DesiredSnapshot, DesiredWorkspace } from '../model/desired.js';
import type { Rollout } from '../model/git.js';
import { groupBy } from '../model/group-by.js';
import type { WorkspaceStatus } from '../model/status.js';
import { conditionOf } from './conditions.js';
import { failed } from './settled.js';

/** What the state of rollouts is derived from. */
export interface RolloutOptions {
  readonly workspace: (name: string) => WorkspaceStatus | null;
  readonly cache: (name: string) => CacheStatus | null;
  readonly clock: Clock;
  /** Whether a status reported for `before` says nothing about `after` until it is reported again. */
  readonly isChanged: (before: DesiredWorkspace | undefined, after: DesiredWorkspace) => boolean;
  /** Called when a source has another revision, or when the state of its rollout has changed. */
  readonly onChange: (rollout: Rollout) => void;
}

type Wanted = Pick<DesiredSnapshot, 'complete' | 'revisions' | 'workspaces' | 'absent' | 'removed'>;

/** Tracks how many of each source's workspaces have converged to its revision. */
export interface Rollouts {
  /** Takes over what the sources want now. */
  scanned(snapshot: Wanted): void;
  /** Called when a status has changed; changes that come together are evaluated together. */
  changed(): void;
  /** Called when the status of a workspace was reported for its current spec. */
  reported(workspace: string): void;
}

const TOGETHER_MS = 50;

/**
 * Calls `onChange` when rollouts begin, succeed and fail. A commit that is in force is rolled out only when its
 * workspaces have converged to it.
 */
export function createRollouts(options: RolloutOptions): Rollouts {
  const known = new Map<string, Rollout>();
  let wanted: Wanted = {
    complete: false,
    revisions: new Map(),
    workspaces: new Map(),
    absent: new Set(),
    removed: new Map(),
  };
  /**
   * Workspaces whose status is still about their previous spec. A commit that repairs a failure must not be considered
   * failed because of the old status.
   */
  const unreported = new Set<string>();
  let isDue = false;

  function evaluate(): void {
    isDue = false;
    const present = [...wanted.workspaces.values()].filter(({ name }) => !wanted.absent.has(name));
    const bySource = groupBy(present, ({ location }) => location.source);
    const leaving = groupBy(leavingOf(wanted, options), ({ location }) => location?.source ?? '');
    for (const source of known.keys()) if (!wanted.revisions.has(source)) known.delete(source);
    for (const [source, revision] of wanted.revisions) {
      const rollout = {
        source,
        revision,
        ...progressOf(revision, bySource.get(source) ?? [], leaving.get(source) ?? [], unreported, options),
      };
      const before = known.get(source);
      known.set(source, rollout);
      if (before?.revision !== revision || before.state !== rollout.state) options.onChange(rollout);
    }
  }

  function changed(): void {
    if (isDue || wanted.revisions.size === 0) return;
    isDue = true;
    options.clock.after(TOGETHER_MS, evaluate);
  }

  return {
    scanned(snapshot) {
      for (const name of unreported) if (!snapshot.workspaces.has(name)) unreported.delete(name);
      for (const after of snapshot.workspaces.values())
        if (options.isChanged(wanted.workspaces.get(after.name), after)) unreported.add(after.name);
      wanted = snapshot;
      changed();
    },
    changed,
    reported(workspace) {
      if (unreported.delete(workspace)) changed();
    },
  };
}

/**
 * The workspaces that are in no source and still exist. A workspace whose removal waits for a person or for an
 * unreadable source does not delay a rollout.
 */
function leavingOf({ complete, absent, removed }: Wanted, { workspace }: RolloutOptions): WorkspaceStatus[] {
  return [...(complete ? absent : []), ...removed.keys()].flatMap((name) => {
    const status = workspace(name);
    return status === null || conditionOf(status, 'SpecValid')?.reason === 'DeletionHeld' ? [] : [status];
  });
}

function progressOf(
  revision: string,
  workspaces: readonly DesiredWorkspace[],
  leaving: readonly WorkspaceStatus[],
  unreported: ReadonlySet<string>,
  { workspace, cache }: RolloutOptions,
): Pick<Rollout, 'state' | 'message'> {
  const behind = workspaces.flatMap(({ name, problem }) => {
    const status = workspace(name);
    return status?.revision === revision ? [] : [{ name, hasProblem: problem !== null, status }];
  });
  if (behind.length + leaving.length === 0)
    return { state: 'succeeded', message: `${countText(workspaces.length)} converged` };
  // The failure of a workspace that is being removed is not caused by this revision.
  const broken = behind.find(
    ({ name, hasProblem, status }) =>
      hasProblem ||
      (status !== null &&
        !unreported.has(name) &&
        failed(status, status.cache === null ? null : cache(status.cache.name))),
  );
  if (broken === undefined)
    return {
      state: 'progressing',
      message: `${workspaces.length - behind.length} of ${countText(workspaces.length)} converged`,
    };
  return {
    state: 'failed',
    message: `${broken.name}: ${broken.status === null ? 'it is not there' : reasonOf(broken.status)}`,
  };
}

function reasonOf(status: WorkspaceStatus): string {
  const bad = (['SpecValid', 'Ready', 'PackagesReady'] as const)
    .map((type) => conditionOf(status, type))
    .find((condition) => condition !== null && condition.status === 'False' && condition.message !== '');
  return bad?.message ?? `it is ${status.phase}`;
}

function countText(count: number): string {
  return count === 1 ? '1 workspace' : `${count} workspaces`;
}
