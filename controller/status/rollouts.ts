import type { Clock } from '../model/clock.js';
import type { CacheStatus } from '../model/cache-status.js';
import type { DesiredSnapshot, DesiredWorkspace } from '../model/desired.js';
import type { Rollout } from '../model/git.js';
import { groupBy } from '../model/group-by.js';
import type { WorkspaceStatus } from '../model/status.js';
import { conditionOf } from './conditions.js';
import { failed } from './settled.js';

export interface RolloutOptions {
  readonly workspace: (name: string) => WorkspaceStatus | null;
  readonly cache: (name: string) => CacheStatus | null;
  readonly clock: Clock;
  /** Whether a status speaks of something else than what is wanted until it is told anew. */
  readonly isChanged: (before: DesiredWorkspace | undefined, after: DesiredWorkspace) => boolean;
  /** Another revision, or another state of it. */
  readonly onChange: (rollout: Rollout) => void;
}

type Wanted = Pick<DesiredSnapshot, 'complete' | 'revisions' | 'workspaces' | 'absent' | 'removed'>;

export interface Rollouts {
  /** What the sources want now. */
  scanned(snapshot: Wanted): void;
  /** A status has changed; many changes are looked at together. */
  changed(): void;
  /** A workspace's status was told, by what is wanted of it now. */
  told(workspace: string): void;
}

const TOGETHER_MS = 50;

/** How far each source's workspaces are on the way to its revision: a commit that is in force is no workspace yet that runs it. */
export function createRollouts(options: RolloutOptions): Rollouts {
  const known = new Map<string, Rollout>();
  let wanted: Wanted = {
    complete: false,
    revisions: new Map(),
    workspaces: new Map(),
    absent: new Set(),
    removed: new Map(),
  };
  /** A failure that their statuses tell is one of what was wanted before: a commit that mends it must not be called failed for it. */
  const untold = new Set<string>();
  let isDue = false;

  function look(): void {
    isDue = false;
    const present = [...wanted.workspaces.values()].filter(({ name }) => !wanted.absent.has(name));
    const bySource = groupBy(present, ({ location }) => location.source);
    const leaving = groupBy(leavingOf(wanted, options), ({ location }) => location?.source ?? '');
    for (const source of known.keys()) if (!wanted.revisions.has(source)) known.delete(source);
    for (const [source, revision] of wanted.revisions) {
      const rollout = {
        source,
        revision,
        ...progressOf(revision, bySource.get(source) ?? [], leaving.get(source) ?? [], untold, options),
      };
      const before = known.get(source);
      known.set(source, rollout);
      if (before?.revision !== revision || before.state !== rollout.state) options.onChange(rollout);
    }
  }

  function changed(): void {
    if (isDue || wanted.revisions.size === 0) return;
    isDue = true;
    options.clock.after(TOGETHER_MS, look);
  }

  return {
    scanned(snapshot) {
      for (const name of untold) if (!snapshot.workspaces.has(name)) untold.delete(name);
      for (const after of snapshot.workspaces.values())
        if (options.isChanged(wanted.workspaces.get(after.name), after)) untold.add(after.name);
      wanted = snapshot;
      changed();
    },
    changed,
    told(workspace) {
      if (untold.delete(workspace)) changed();
    },
  };
}

/** What the sources have no longer and is there still. What waits for a person, or for a source that cannot be read, keeps no commit from its end. */
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
  untold: ReadonlySet<string>,
  { workspace, cache }: RolloutOptions,
): Pick<Rollout, 'state' | 'message'> {
  const behind = workspaces.flatMap(({ name, problem }) => {
    const status = workspace(name);
    return status?.revision === revision ? [] : [{ name, hasProblem: problem !== null, status }];
  });
  if (behind.length + leaving.length === 0)
    return { state: 'succeeded', message: `${countText(workspaces.length)} converged` };
  // Why one that leaves has failed before is no matter of this revision.
  const broken = behind.find(
    ({ name, hasProblem, status }) =>
      hasProblem ||
      (status !== null && !untold.has(name) && failed(status, status.cache === null ? null : cache(status.cache.name))),
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
