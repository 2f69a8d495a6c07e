import type { Clock } from '../model/clock.js';
import type { CacheStatus } from '../model/cache.js';
import type { DesiredSnapshot } from '../model/desired.js';
import type { Rollout } from '../model/git.js';
import { groupBy } from '../model/group-by.js';
import type { WorkspaceStatus } from '../model/status.js';
import { conditionOf } from './conditions.js';
import { failed } from './settled.js';

export interface RolloutOptions {
  readonly workspace: (name: string) => WorkspaceStatus | null;
  readonly cache: (name: string) => CacheStatus | null;
  readonly clock: Clock;
  /** Another revision, or another state of it. */
  readonly onChange: (rollout: Rollout) => void;
}

export interface Rollouts {
  /** What the sources want now. */
  scanned(snapshot: Pick<DesiredSnapshot, 'revisions' | 'workspaces'>): void;
  /** A status has changed; many changes are looked at together. */
  changed(): void;
}

const TOGETHER_MS = 50;

/** How far each source's workspaces are on the way to its revision: a commit that is in force is no workspace yet that runs it. */
export function createRollouts(options: RolloutOptions): Rollouts {
  const known = new Map<string, Rollout>();
  let wanted: Pick<DesiredSnapshot, 'revisions' | 'workspaces'> = { revisions: new Map(), workspaces: new Map() };
  let isDue = false;

  function look(): void {
    isDue = false;
    const bySource = groupBy(wanted.workspaces.values(), ({ location }) => location.source);
    for (const source of known.keys()) if (!wanted.revisions.has(source)) known.delete(source);
    for (const [source, revision] of wanted.revisions) {
      const rollout = { source, revision, ...progressOf(revision, (bySource.get(source) ?? []).map(({ name, problem }) => ({ name, hasProblem: problem !== null })), options) };
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
      wanted = snapshot;
      changed();
    },
    changed,
  };
}

function progressOf(revision: string, workspaces: readonly { readonly name: string; readonly hasProblem: boolean }[], { workspace, cache }: RolloutOptions): Pick<Rollout, 'state' | 'message'> {
  const open = workspaces.flatMap(({ name, hasProblem }) => {
    const status = workspace(name);
    return status?.revision === revision ? [] : [{ name, hasProblem, status }];
  });
  if (open.length === 0) return { state: 'succeeded', message: `${countText(workspaces.length)} converged` };
  const broken = open.find(({ hasProblem, status }) => hasProblem || (status !== null && failed(status, status.cache === null ? null : cache(status.cache.name))));
  if (broken === undefined) return { state: 'progressing', message: `${workspaces.length - open.length} of ${countText(workspaces.length)} converged` };
  return { state: 'failed', message: `${broken.name}: ${broken.status === null ? 'it is not there' : reasonOf(broken.status)}` };
}

function reasonOf(status: WorkspaceStatus): string {
  const bad = (['SpecValid', 'Ready', 'PackagesReady'] as const).map((type) => conditionOf(status, type)).find((condition) => condition !== null && condition.status === 'False' && condition.message !== '');
  return bad?.message ?? `it is ${status.phase}`;
}

function countText(count: number): string {
  return count === 1 ? '1 workspace' : `${count} workspaces`;
}
