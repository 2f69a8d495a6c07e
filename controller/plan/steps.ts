import { containerName, dataVolumeName } from '../model/names.js';
import type { ObservedContainer, PublishedPort } from '../model/engine-objects.js';
import type { Verdict } from '../model/status.js';
import type { Operation, Plan, WorkspaceInput } from './types.js';
import { target } from './containers.js';
import { containerDefinition, dataVolumeLabels } from './definition.js';
import type { Difference } from './diff.js';

/** SIGTERM to SIGKILL: what Docker itself gives. */
export const STOP_GRACE_SECONDS = 10;

export function emptyPlan(verdict: Verdict, recheckAfterMs: number | null = null): Plan {
  return { operations: [], verdict, recheckAfterMs, giveUp: null, ports: [] };
}

export function act(operations: readonly Operation[], ports: readonly PublishedPort[], replacing = false): Plan {
  // Volume and image only prepare: why the container is made is what a person asks.
  const telling = operations.find((operation) => operation.type === 'create-container') ?? operations[0];
  return { ...emptyPlan({ kind: 'progressing', message: telling?.cause ?? '', replacing }), operations, ports };
}

/** Volume, image, container, start: from nothing to running. */
export function creation(input: WorkspaceInput, ports: readonly PublishedPort[], why: Difference): Operation[] {
  const { desired, instance } = input;
  const name = containerName(desired.name);
  return [
    ...preparation(input, why.cause),
    { type: 'create-container', container: name, definition: containerDefinition(desired, instance, ports, null), ...why },
    { type: 'start-container', container: { name, id: null }, first: true, ...why },
  ];
}

/** What a new container needs first: its data volume, and its image as the pull policy says. */
export function preparation(input: WorkspaceInput, cause: string): Operation[] {
  const { desired, observed, instance } = input;
  const volume = dataVolumeName(desired.name);
  const pull = desired.imagePullPolicy === 'Always' || (desired.imagePullPolicy === 'IfNotPresent' && observed.imagePresent === false);
  const image = desired.creation.image;
  return [
    ...(observed.volumes.has(volume)
      ? []
      : [{ type: 'create-volume', volume, labels: dataVolumeLabels(desired, instance), cause: `the volume ${volume} does not exist` } as const]),
    ...(pull ? [{ type: 'pull-image', image, cause: desired.imagePullPolicy === 'Always' ? `imagePullPolicy is Always; ${cause}` : `the image ${image} is not on the engine` } as const] : []),
  ];
}

/** A paused container cannot take a signal: it is unpaused first. */
export function stopping(container: ObservedContainer, cause: string): Operation[] {
  const stop: Operation = { type: 'stop-container', container: target(container), graceSeconds: STOP_GRACE_SECONDS, cause };
  return container.state === 'paused' ? [{ type: 'unpause-container', container: target(container), cause }, stop] : [stop];
}

export function removal(container: ObservedContainer, cause: string, force: boolean): Operation {
  return { type: 'remove-container', container: target(container), force, cause };
}
