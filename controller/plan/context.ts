import type { PublishedPort } from '../model/engine-objects.js';
import type { Failure } from '../model/reasons.js';
import { assignSlots, type Slots } from './containers.js';
import { planEnvironment, planImage, type EnvironmentPlan, type ImagePlan } from './environment.js';
import { settledPorts } from './settled-ports.js';
import type { WorkspaceInput } from './types.js';

/** The input of a workspace's plan, together with everything that several parts of the plan derive from it. */
export interface PlanContext extends WorkspaceInput {
  readonly slots: Slots;
  /** The host ports that the plan may use. */
  readonly ports: readonly PublishedPort[];
  /** Why the workspace cannot have the ports of its spec, or null when it can. */
  readonly portFailure: Failure | null;
  readonly environment: EnvironmentPlan;
  readonly image: ImagePlan;
}

/** Derives the context from `input`. Pure; called once for each plan. */
export function planContext(input: WorkspaceInput): PlanContext {
  const slots = assignSlots(input.desired.name, input.instance, input.observed.containers);
  const { granted, failure } = settledPorts(input, slots);
  return {
    ...input,
    slots,
    ports: granted,
    portFailure: failure,
    environment: planEnvironment(input),
    image: planImage(input),
  };
}
