import { containerName, dataVolumeName } from '../model/names.js';
import type { ObservedContainer, PublishedPort } from '../model/engine-objects.js';
import type { Verdict } from '../model/status.js';
import { STOP_GRACE_SECONDS } from '../model/stop-grace.js';
import type { ContainerTarget, Operation, Plan, WorkspaceInput } from './types.js';
import { target } from './containers.js';
import type { PlanContext } from './context.js';
import { containerDefinition, dataVolumeLabels } from './definition.js';
import type { Difference } from './diff.js';

/** A plan without operations; it is made again after `recheckAfterMs` ms or at the next trigger. */
export function emptyPlan(verdict: Verdict, recheckAfterMs: number | null = null): Plan {
  return { operations: [], verdict, recheckAfterMs, giveUp: null, ports: [] };
}

/** A plan that makes progress. Its message is the cause of its create operation or else of its first operation. */
export function act(operations: readonly Operation[], ports: readonly PublishedPort[], replacing = false): Plan {
  // Operations on the volume and the image only prepare; a person wants to know why the container is created.
  const shown = operations.find((operation) => operation.type === 'create-container') ?? operations[0];
  return { ...emptyPlan({ kind: 'progressing', message: shown?.cause ?? '', replacing }), operations, ports };
}

/** Lists all operations from nothing to a running container: packages, volume, image, container, start. */
export function creation(context: PlanContext, why: Difference): Operation[] {
  const { desired, instance, observed, ports } = context;
  const name = containerName(desired.name);
  return [
    ...preparation(context, why.cause),
    {
      type: 'create-container',
      container: name,
      definition: containerDefinition(desired, instance, ports, null, observed.imagePath),
      ...why,
    },
    ...starting(context, { type: 'start-container', container: { name, id: null }, first: true, ...why }),
    ...profileDirectories(context, { name, id: null }),
  ];
}

/** Prepares a start with the steps for its packages, when the container has no earlier packages to run with. */
export function starting({ environment, image }: PlanContext, start: Operation): Operation[] {
  const { blocks, ask, barrier } = environment;
  const isFirst = start.type === 'start-container' && start.first === true && start.container.id === null;
  // The preparation of a creation already contains the requests and imports, and the waits that take long.
  if (isFirst) return [...(blocks && !takesLong(barrier) ? barrier : []), start];
  return [...image.operations, ...(blocks ? [...ask, ...barrier] : []), start];
}

/**
 * Creates the directories of people's own profiles, writable for every uid. This follows the start, because it takes a
 * third as long as a start.
 */
export function profileDirectories({ desired, observed }: WorkspaceInput, container: ContainerTarget): Operation[] {
  if (observed.cache === null) return [];
  return [
    {
      type: 'prepare-profiles',
      container,
      mountPath: desired.creation.storageMountPath,
      cause: 'nix-env and nix profile keep their profiles in the data volume',
    },
  ];
}

/** Prepares a new container: its packages, its data volume, and its image according to the pull policy. */
export function preparation(context: PlanContext, cause: string): Operation[] {
  const { ask, barrier } = context.environment;
  // Downloads come first, so that no created container waits for a download.
  return [
    ...ask,
    ...(takesLong(barrier) ? barrier : []),
    ...volumeAndImage(context, cause),
    ...context.image.operations,
  ];
}

/** Whether packages have to be fetched or built; the plan waits for that before it creates anything. */
export function takesLong(barrier: readonly Operation[]): boolean {
  return barrier.some((operation) => operation.type === 'await-environment' && operation.waitMs === 0);
}

function volumeAndImage(input: WorkspaceInput, cause: string): Operation[] {
  const { desired, observed, instance } = input;
  const volume = dataVolumeName(desired.name);
  const pull =
    desired.imagePullPolicy === 'Always' ||
    (desired.imagePullPolicy === 'IfNotPresent' && observed.imagePresent === false);
  const image = desired.creation.image;
  return [
    ...(observed.volumes.has(volume)
      ? []
      : [
          {
            type: 'create-volume',
            volume,
            labels: dataVolumeLabels(desired, instance),
            cause: `the volume ${volume} does not exist`,
          } as const,
        ]),
    ...(pull
      ? [
          {
            type: 'pull-image',
            image,
            cause:
              desired.imagePullPolicy === 'Always'
                ? `imagePullPolicy is Always; ${cause}`
                : `the image ${image} is not on the engine`,
          } as const,
        ]
      : []),
  ];
}

/** Stops a container that is up. A paused container cannot receive a signal, so it is unpaused first. */
export function stopping(container: ObservedContainer, cause: string): Operation[] {
  const stop: Operation = {
    type: 'stop-container',
    container: target(container),
    graceSeconds: STOP_GRACE_SECONDS,
    cause,
  };
  return container.state === 'paused'
    ? [{ type: 'unpause-container', container: target(container), cause }, stop]
    : [stop];
}

/** Removes a container; with `force` the engine kills it first when it is up. */
export function removal(container: ObservedContainer, cause: string, force: boolean): Operation {
  return { type: 'remove-container', container: target(container), force, cause };
}
