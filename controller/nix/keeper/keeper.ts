import type { CallOptions } from '../../docker/port.js';
import type { DesiredCache } from '../../model/desired.js';
import type { ObservedContainer } from '../../model/engine-objects.js';
import type { Failure } from '../../model/reasons.js';
import type { KeeperPlan } from '../../plan/keeper.js';
import type { KeeperCommands } from './keeper-commands.js';
import { connectKeeper, stopKeeper, wipeUnheard } from './keeper-connection.js';
import { newKeeperState, type KeeperContext, type KeeperDependencies } from './keeper-state.js';
import { listUsers, observeKeeper } from './observe-keeper.js';
import { planFrom, reconcileKeeper } from './reconcile-keeper.js';

export type { ExecutePlan, KeeperDependencies } from './keeper-state.js';

export type Keeper = ReturnType<typeof createKeeper>;

/**
 * The keeper of one cache, reconciled like any other object: whatever happens to its containers or its volume, each
 * look brings it one step nearer to the desired state. Everything remembered between looks is in one `KeeperState`.
 */
export function createKeeper(deps: KeeperDependencies) {
  const state = newKeeperState(deps.clock);
  const context: KeeperContext = { deps, state };
  return {
    /** See `reconcileKeeper`. `desired` is null when neither a spec nor a workspace names the cache. */
    reconcile: (desired: DesiredCache | null, calls: CallOptions) => reconcileKeeper(context, desired, calls),
    /** See `listUsers`. */
    listUsers: (calls: CallOptions) => listUsers(context, calls),
    /** The users of the volume as they were last listed. */
    users: (): readonly ObservedContainer[] => state.users,
    /** The ids, without `sha256:`, of the images of all containers on the engine, as they were last listed. */
    imagesInUse: (): ReadonlySet<string> => state.imagesInUse,
    /**
     * Plans what `reconcile` would do, without changing anything on the engine. A running keeper is asked for its
     * inventory.
     */
    async foresee(desired: DesiredCache | null, calls: CallOptions): Promise<KeeperPlan> {
      const plan = planFrom(context, desired, await observeKeeper(context, desired, calls), false);
      if (plan.usable !== null) await connectKeeper(context, plan.usable, calls);
      return plan;
    },
    /** The commands of the keeper, or null when no keeper answers; `unavailable` says why then. */
    commands: (): KeeperCommands | null => state.answering?.commands ?? null,
    /** Why no keeper answers, or null when one does. */
    unavailable(): Failure | null {
      if (state.answering !== null) return null;
      const message = `the keeper of the cache ${deps.cache} is not ready: ${state.message}`;
      return state.failure ?? { reason: 'KeeperNotReady', message };
    },
    /** Why the keeper is not as it should be, whether or not it answers. */
    failure: (): Failure | null => state.failure,
    /** A message for people while no keeper answers and nothing has failed. */
    message: (): string => state.message,
    /** The keeper in the status; null when the last look found no container. */
    view() {
      if (state.container === null) return null;
      const { id, image, state: containerState } = state.container;
      return { id, image, state: containerState, nixVersion: state.answering?.nixVersion ?? null };
    },
    /** Whether the listed container is not the one that answers, or does not run any more. */
    hasMoved: (listed: ObservedContainer | undefined): boolean =>
      state.answering === null || listed?.id !== state.answering.id || listed.state !== 'running',
    /** See `stopKeeper`. */
    stop: (why: string, calls: CallOptions) => stopKeeper(context, why, calls),
    /** See `wipeUnheard`. */
    wipeUnheard: (calls: CallOptions) => wipeUnheard(context, calls),
  };
}
