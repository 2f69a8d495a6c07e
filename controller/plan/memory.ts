import { containerName, nextContainerName } from '../model/names.js';
import type { ObservedContainer } from '../model/engine-objects.js';
import type { Operation, Plan, WorkspaceMemory } from './types.js';
import { countStart } from './restarts.js';

/**
 * The memory after an observation at `now`, in ms of our clock; it records since when the replacement has been running.
 */
export function rememberObserved(
  memory: WorkspaceMemory,
  workspace: string,
  containers: readonly ObservedContainer[],
  now: number,
): WorkspaceMemory {
  const next = containers.find((container) => container.name === nextContainerName(workspace));
  if (next?.state !== 'running')
    return memory.nextRunningSince === null ? memory : { ...memory, nextRunningSince: null, nextRun: null };
  // The engine restarts a container that ends at once. Two observations may then show two short runs, so only one and
  // the same run counts.
  const run = next.details?.startedAt ?? memory.nextRun;
  const isSameRun = memory.nextRun === null || memory.nextRun === run;
  const since = (isSameRun ? memory.nextRunningSince : null) ?? now;
  return since === memory.nextRunningSince && run === memory.nextRun
    ? memory
    : { ...memory, nextRunningSince: since, nextRun: run };
}

/** The memory after a plan was made; it records the spec that the plan gives up. */
export function rememberPlan(memory: WorkspaceMemory, plan: Plan): WorkspaceMemory {
  return plan.giveUp === null ? memory : { ...memory, failed: plan.giveUp };
}

/** The memory after an operation failed; it records that the new container cannot be made yet. */
export function rememberFailure(memory: WorkspaceMemory, specHash: string, operation: Operation): WorkspaceMemory {
  return operation.type === 'pull-image' || operation.type === 'create-container'
    ? { ...memory, blocked: specHash }
    : memory;
}

/** The memory after an operation succeeded at `now`, in ms of our clock. */
export function rememberOperation(
  memory: WorkspaceMemory,
  workspace: string,
  specHash: string,
  operation: Operation,
  now: number,
): WorkspaceMemory {
  if (operation.type === 'create-container') return { ...memory, blocked: null };
  // Without the old container nothing is in service any more, so a spec that failed is worth another attempt.
  if (operation.type === 'remove-container' && operation.container.name === containerName(workspace))
    return { ...memory, failed: null };
  if (operation.type !== 'start-container') return memory;
  if (operation.container.name === containerName(workspace))
    return { ...memory, starts: countStart(memory.starts, now) };
  const count = memory.nextStarts?.specHash === specHash ? memory.nextStarts.count : 0;
  return { ...memory, nextStarts: { specHash, count: count + 1 }, nextRunningSince: null, nextRun: null };
}
