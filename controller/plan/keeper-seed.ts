import type { ContainerDefinition, ObservedContainer } from '../model/engine-objects.js';
import { LABEL } from '../model/names.js';
import type { Failure } from '../model/reasons.js';
import type { Operation } from './types.js';

/**
 * A container that has to run to its end before each start of a keeper, when the keeper's image has its programs in a
 * Nix store of its own (F14).
 */
export interface SeedInput {
  readonly name: string;
  readonly definition: ContainerDefinition;
  readonly container: ObservedContainer | null;
}

/** The parts of a keeper's plan that a seed changes. */
export interface SeededPlan {
  readonly operations: readonly Operation[];
  readonly failure: Failure | null;
  readonly recheckMs: number | null;
}

const LOOK_AGAIN_MS = 500;
const CAUSE = "the keeper's image has its Nix in a store of its own, which the volume would hide";

/**
 * Inserts the seed before the start of a keeper. What precedes the start becomes a plan of its own, so that the seed
 * runs while no keeper is up (F18). A seed that has succeeded is removed together with the start that needed it; if the
 * controller is killed in between, the next seed has nothing left to copy. `restartInMs` is the time before a failed
 * seed is tried again. Pure.
 */
export function seedFirst<Plan extends SeededPlan>(seed: SeedInput | null, restartInMs: number, plan: Plan): Plan {
  const at = plan.operations.findIndex(({ type }) => type === 'start-container');
  if (seed === null || at < 0) return plan;
  if (at > 0) return { ...plan, operations: plan.operations.slice(0, at) };
  const { name, definition, container } = seed;
  const create = { type: 'create-container', container: name, definition, cause: CAUSE } as const;
  const start = { type: 'start-container', container: { name, id: null }, first: true, cause: CAUSE } as const;
  if (container === null) return { ...plan, operations: [create, start] };
  const remove = (cause: string) =>
    ({ type: 'remove-container', container: { name, id: container.id }, force: true, cause }) as const;
  if (container.labels[LABEL.specHash] !== definition.labels[LABEL.specHash])
    return { ...plan, operations: [remove('the image of the keeper changed'), create, start] };
  switch (container.state) {
    case 'created':
      return { ...plan, operations: [{ ...start, container: { name, id: container.id } }] };
    case 'exited':
      if (container.details?.exitCode === 0)
        return { ...plan, operations: [remove('the store of the image is in the volume'), ...plan.operations] };
      break;
    case 'dead':
      break;
    case 'running':
    case 'paused':
    case 'restarting':
    case 'removing':
      return { ...plan, operations: [], recheckMs: LOOK_AGAIN_MS };
  }
  const failure = {
    reason: 'KeeperNotReady',
    message: `the Nix store of the image ${definition.image} could not be taken into the volume`,
  } as const;
  if (restartInMs > 0) return { ...plan, operations: [], failure, recheckMs: restartInMs };
  return { ...plan, operations: [remove(failure.message), create, start], failure };
}
