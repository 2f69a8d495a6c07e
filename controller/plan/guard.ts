import { dataVolumeName } from '../model/names.js';
import type { Failure } from '../model/reasons.js';
import type { PlanContext } from './context.js';
import { conflict, missingPrerequisite } from './prerequisites.js';
import { emptyPlan } from './steps.js';
import type { Plan } from './types.js';

/**
 * Returns `plan`, or an empty plan with the reason that prevents it. A conflict or a damaged volume blocks every plan;
 * a missing object, image, secret, port or package blocks only a plan that creates or starts a container.
 */
export function guard(context: PlanContext, plan: Plan): Plan {
  const { desired, observed, slots, environment, portFailure } = context;
  const serving = slots.main?.state === 'running' || slots.next?.state === 'running';
  const held = (failure: Failure): Plan => emptyPlan({ kind: 'failing', failure, serving });
  const clash = conflict(context, slots);
  if (clash !== null) return held(clash);
  if (observed.storageDamaged && desired.state === 'Running') {
    return held({
      reason: 'DataVolumeDamaged',
      message: `the directory behind the volume ${dataVolumeName(desired.name)} is gone`,
    });
  }
  const creates = plan.operations.some((operation) => operation.type === 'create-container');
  const starts = plan.operations.some((operation) => operation.type === 'start-container');
  if (creates && !desired.secretsReadable)
    return held({ reason: 'SecretUnreadable', message: desired.problem?.message ?? 'a secret file cannot be read' });
  if (creates && desired.imagePullPolicy === 'Never' && observed.imagePresent === false) {
    return held({ reason: 'ImageMissing', message: `the image ${desired.creation.image} is not on the engine` });
  }
  if (!creates && !starts) return plan;
  const packages = missingPackages(context, creates);
  if (packages !== null && slots.next === null) return { ...held(packages), recheckAfterMs: environment.retryMs };
  const missing = missingPrerequisite(desired, observed) ?? portFailure;
  // A replacement under way has already stopped the old container, so finishing or undoing it is better than waiting.
  return missing !== null && slots.next === null ? held(missing) : plan;
}

/**
 * Why the packages forbid this plan: no container is created or first started before its packages are in place. A
 * container that ran before may run again with its earlier packages.
 */
function missingPackages({ observed, slots, environment, image }: PlanContext, creates: boolean): Failure | null {
  const { main } = slots;
  const isNew = creates || main === null || main.state === 'created' || observed.cache?.profile === 'none';
  if (isNew && environment.blocks && environment.failure !== null) return environment.failure;
  return image.failure;
}
