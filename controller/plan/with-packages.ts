import type { Verdict } from '../model/status.js';
import type { PlanContext } from './context.js';
import type { Operation, Plan } from './types.js';

/**
 * Adds to `plan` what the packages of an existing container need. A container that runs, or that will start with what
 * its profile contains, gets changed packages in place (F10), in addition to the other operations.
 */
export function withPackages({ desired, observed, slots, environment }: PlanContext, plan: Plan): Plan {
  const { main } = slots;
  if (desired.state === 'Stopped' || main === null || observed.cache?.mustStop === true) return plan;
  const isMade = plan.operations.some(({ type }) => type === 'create-container' || type === 'start-container');
  const asks = plan.operations.some(({ type }) => type === 'realise-environment') ? [] : environment.ask;
  if (isMade) return { ...plan, operations: [...asks, ...plan.operations] };
  if (asks.length + environment.barrier.length > 0) {
    const message = observed.cache?.progress ?? asks[0]?.cause ?? 'the packages are being realised';
    const verdict: Verdict =
      plan.verdict.kind === 'ready' ? { kind: 'progressing', message, replacing: true } : plan.verdict;
    return {
      ...plan,
      operations: [...plan.operations, ...asks, ...environment.barrier.map(withoutWait)],
      verdict,
      recheckAfterMs: plan.recheckAfterMs ?? environment.retryMs,
    };
  }
  if (environment.failure === null || plan.verdict.kind !== 'ready') return plan;
  return {
    ...plan,
    verdict: { kind: 'failing', failure: environment.failure, serving: main.state === 'running' },
    recheckAfterMs: environment.retryMs,
  };
}

/** The container runs already, so no start waits for the packages; the end of the realisation triggers a new plan. */
function withoutWait(operation: Operation): Operation {
  return operation.type === 'await-environment' ? { ...operation, waitMs: 0 } : operation;
}
