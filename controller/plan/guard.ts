import { dataVolumeName } from '../model/names.js';
import type { Failure } from '../model/reasons.js';
import type { PlanContext } from './context.js';
import { conflict, missingPrerequisite } from './prerequisites.js';
import { emptyPlan } from './steps.js';
import type { Plan } from './types.js';

/**
 * `plan`, or an empty one that says what stands in its way. A conflict or a damaged volume holds the whole plan back; a
 * missing object, image, secret, port or package only a plan that creates or starts a container.
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
  // A replacement under way has stopped the old container: going on or back is better than standing still.
  return missing !== null && slots.next === null ? held(missing) : plan;
}

/**
 * No container is made or first started before its packages are there; one that ran before may run again on what it
 * had.
 */
function missingPackages({ observed, slots, environment, image }: PlanContext, creates: boolean): Failure | null {
  const { main } = slots;
  const isNew = creates || main === null || main.state === 'created' || observed.cache?.profile === 'none';
  if (isNew && environment.blocks && environment.failure !== null) return environment.failure;
  return image.failure;
}
