import { failureClass } from '../model/reasons.js';
import type { Plan } from '../plan/types.js';
import type { ReconcileResult } from './interfaces.js';
import { reportOf } from './state.js';
import { WAITING_RETRY_MS, type WorkspaceReconcilerDependencies } from './workspace-dependencies.js';

/**
 * A plan that succeeded is followed by an empty one. A workspace that keeps finding work after this many passes is
 * slowed down.
 */
const PASSES_BEFORE_BACKOFF = 6;

/** Handles a plan without operations: records and queues what its verdict waits for. */
export function settle(name: string, plan: Plan, deps: WorkspaceReconcilerDependencies): ReconcileResult {
  const { state, queue, backoff, passes } = deps;
  const { verdict } = plan;
  if (passes.delete(name)) wakeWaiting(name, deps);
  state.failedPlans.delete(name);
  const failing = verdict.kind === 'failing' ? failureClass(verdict.failure.reason) : null;
  if (failing === 'waiting') state.waiting.add(name);
  else state.waiting.delete(name);
  if (failing === null) backoff.reset(name);
  if (failing === null && plan.recheckAfterMs === null) state.announced.delete(name);
  if (verdict.kind === 'failing' && verdict.failure.reason === 'ImageMissing')
    state.absentImages.delete(state.desired.workspaces.get(name)?.creation.image ?? '');
  if (plan.recheckAfterMs !== null) queue.addAfter(name, 'recheck', plan.recheckAfterMs);
  else if (failing === 'waiting') queue.addAfter(name, 'recheck', WAITING_RETRY_MS);
  return failing ?? 'success';
}

/** Queues the next reconciliation after operations ran: at once, or when the container has had time to become ready. */
export function followUp(
  name: string,
  outcome: 'done' | 'awaiting' | 'failed',
  plan: Plan,
  { queue, backoff, passes, state }: WorkspaceReconcilerDependencies,
): void {
  state.waiting.delete(name);
  state.failedPlans.delete(name);
  const onlyWaits = plan.operations[0]?.type === 'await-ready' || plan.operations[0]?.type === 'await-environment';
  if (outcome === 'awaiting' && onlyWaits) return queue.addAfter(name, 'recheck', plan.recheckAfterMs ?? 1_000);
  const count = (passes.get(name) ?? 0) + 1;
  passes.set(name, count);
  if (count > PASSES_BEFORE_BACKOFF) return queue.addAfter(name, 'recheck', backoff.next(name));
  // The empty plan that follows proves that the operations had their effect.
  queue.add(name, 'verify');
}

/** Reports that the workspace is removed, and forgets everything about it. */
export async function forget(name: string, deps: WorkspaceReconcilerDependencies): Promise<void> {
  const { state, sources, listener, view, passes, backoff, givenUp } = deps;
  listener.report(reportOf(name, { kind: 'removed' }, state, view));
  for (const map of [state.memories, state.reserved, state.failedPlans, passes]) map.delete(name);
  for (const set of [state.damaged, state.waiting, state.announced]) set.delete(name);
  backoff.reset(name);
  givenUp.set(name, null);
  wakeWaiting(name, deps);
  await sources.forget(name);
}

/**
 * Wakes the waiting workspaces. The engine's events arrived before this observation, and only now is it known what
 * `name` has released, such as a port.
 */
function wakeWaiting(name: string, { state, queue }: WorkspaceReconcilerDependencies): void {
  for (const other of state.waiting) if (other !== name) queue.add(other, 'woken', true);
}
