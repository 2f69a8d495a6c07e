import type { CallOptions } from '../../docker/port.js';
import type { CacheOutcome } from '../../model/cache-status.js';
import type { DesiredCache } from '../../model/desired.js';
import { cacheVolumeName } from '../../model/names.js';
import { planKeeper, type KeeperPlan } from '../../plan/keeper.js';
import type { Operation } from '../../plan/types.js';
import { connectKeeper, disconnectKeeper, doesKeeperAnswer } from './keeper-connection.js';
import { keeperDefinition, keeperHash } from './keeper-definition.js';
import type { KeeperContext } from './keeper-state.js';
import { withLastWords } from './last-words.js';
import { observeKeeper, type KeeperSight } from './observe-keeper.js';

/**
 * Looks at the keeper once and takes one step towards the desired state: operations on the engine or, when none is due,
 * the connection to its daemon. Throws an `EngineError` when the look itself fails; nothing has been changed then.
 */
export async function reconcileKeeper(
  context: KeeperContext,
  desired: DesiredCache | null,
  calls: CallOptions,
): Promise<CacheOutcome> {
  const { deps, state } = context;
  const seen = await observeKeeper(context, desired, calls);
  const plan = await planWithProof(context, desired, seen, calls);
  if (plan.giveUp !== null) {
    const failure = await withLastWords(deps.docker, plan.giveUp.failure, seen.next, calls);
    state.failed = { hash: plan.giveUp.hash, failure };
  }
  if (plan.operations.length > 0) return executeStep(context, plan, calls);
  if (plan.usable !== null) {
    await connectKeeper(context, plan.usable, calls);
    if (state.answering !== null) state.failure = plan.failure;
    return { operations: 0, failure: state.failure, recheckMs: null };
  }
  const failure =
    plan.failure?.reason === 'KeeperNotReady'
      ? await withLastWords(deps.docker, plan.failure, seen.seed?.container ?? seen.main, calls)
      : plan.failure;
  disconnectKeeper(context, failure, desired === null ? 'nothing names the cache' : 'it is not up yet');
  return { operations: 0, failure, recheckMs: plan.recheckMs };
}

/**
 * Plans the next step from the observed containers. `nextProven` means that the next keeper, which runs beside the old
 * one, has answered.
 */
export function planFrom(
  { deps, state }: KeeperContext,
  desired: DesiredCache | null,
  seen: KeeperSight,
  nextProven: boolean,
): KeeperPlan {
  const { cache, instance } = deps;
  return planKeeper({
    cache,
    instance,
    wanted:
      desired === null
        ? null
        : {
            definition: keeperDefinition(desired, instance),
            hash: keeperHash(desired.config),
            isImplicit: desired.location === null,
          },
    ...seen,
    volume: deps.view.volumes.get(cacheVolumeName(cache)),
    users: state.users,
    imageAbsent: state.imageAbsent,
    failed: state.failed,
    nextProven,
    restartInMs: state.starts.waitMs(),
  });
}

/** Plans the next step. A next keeper must answer before it takes the place of the old one. */
async function planWithProof(
  context: KeeperContext,
  desired: DesiredCache | null,
  seen: KeeperSight,
  calls: CallOptions,
): Promise<KeeperPlan> {
  const plan = planFrom(context, desired, seen, false);
  if (plan.toProve === null || !(await doesKeeperAnswer(context, plan.toProve, calls))) return plan;
  return planFrom(context, desired, seen, true);
}

async function executeStep(context: KeeperContext, plan: KeeperPlan, calls: CallOptions): Promise<CacheOutcome> {
  const { deps, state } = context;
  const { operations } = plan;
  const includes = (wanted: Operation['type']) => operations.some(({ type }) => type === wanted);
  // Renaming a container and creating a volume do not disturb those who use the keeper meanwhile.
  if (operations.some(({ type }) => type !== 'rename-container' && type !== 'create-volume'))
    disconnectKeeper(context, plan.failure, operations[0]?.cause ?? '');
  if (includes('start-container')) state.starts.note();
  const { failure } = await deps.execute(`cache ${deps.cache}`, operations, calls);
  // A create fails when the image is not on the engine; the plan of the next look pulls it.
  const isFoundAbsent = failure?.reason === 'ImageMissing' && !includes('pull-image');
  if (includes('pull-image')) state.imageAbsent = false;
  if (isFoundAbsent) state.imageAbsent = true;
  if (failure === null || isFoundAbsent) return { operations: operations.length, failure: null, recheckMs: 0 };
  disconnectKeeper(context, { reason: 'KeeperNotReady', message: failure.message }, '');
  return { operations: operations.length, failure: state.failure, recheckMs: null };
}
