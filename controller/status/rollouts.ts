import type { Clock } from '../model/clock.js';
import type { CacheStatus } from '../model/cache-status.js';
import type { DesiredSnapshot, DesiredWorkspace } from '../model/desired.js';
import type { Rollout } from '../model/git.js';
import { groupBy } from '../model/group-by.js';
import type { WorkspaceStatus } from '../model/status.js';
import { conditionOf } from './conditions.js';
import { failed } from './settled.js';

/** What rollouts are judged by. */
export interface RolloutOptions {
  readonly workspace: (name: string) => WorkspaceStatus | null;
  readonly cache: (name: string) => CacheStatus | null;
  readonly clock: Clock;
  /** Whether the status of `before` says nothing about `after` until it is reported again. */
  readonly isChanged: (before: DesiredWorkspace | undefined, after: DesiredWorkspace) => boolean;
  /** Another revision, or another state of it. */
  readonly onChange: (rollout: Rollout) => void;
}

type Wanted = Pick<DesiredSnapshot, 'complete' | 'revisions' | 'workspaces' | 'absent' | 'removed'>;

/** How far each source's workspaces are on the way to its revision. */
export interface Rollouts {
  /** What the sources want now. */
  scanned(snapshot: Wanted): void;
  /** A status has changed; many changes are evaluated together. */
  changed(): void;
  /** The status of a workspace was reported, by what is wanted of it now. */
  reported(workspace: string): void;
}

const TOGETHER_MS = 50;

/**
 * Calls `onChange` as rollouts begin, succeed and fail; a commit that is in force is not yet one that its workspaces
 * run.
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
   * Workspaces whose status is still of what was wanted before: a commit that mends its failure must not be called
   * failed for it.
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
 * Workspaces that no source has and that are still there. One that waits for a person or for an unreadable source holds
 * up no rollout.
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
  // The failure of a workspace that is being removed has nothing to do with this revision.
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
