import { isUp } from '../model/container-state.js';
import type { Failure } from '../model/reasons.js';
import type { ObservedContainer, PublishedPort } from '../model/engine-objects.js';
import type { WorkspaceInput } from './types.js';
import type { Slots } from './containers.js';
import type { Difference } from './diff.js';
import { allocatePorts, decodePorts, portsOverlap, renderHostPort } from './ports.js';

interface SettledPorts {
  readonly granted: readonly PublishedPort[];
  readonly failure: Failure | null;
}

/** Determines the host ports of this workspace: those of its existing container, or new ones. */
export function settledPorts(input: WorkspaceInput, slots: Slots): SettledPorts {
  const { desired, observed, memory } = input;
  const previous = decodePorts((slots.main ?? slots.next ?? slots.strays[0])?.labels ?? {});
  const allocation = allocatePorts(desired.name, desired.creation.ports, previous, [
    ...observed.takenPorts,
    ...memory.takenPorts,
  ]);
  if (allocation.ok) return { granted: allocation.ports, failure: null };
  const message = `the port ${renderHostPort(allocation.port)} is held by ${allocation.holder}`;
  return { granted: previous, failure: { reason: 'PortConflict', message } };
}

/** Lists the chosen ports that another process took while the container was down. */
export function portDifferences(main: ObservedContainer, ports: readonly PublishedPort[]): Difference[] {
  if (isUp(main)) return [];
  return decodePorts(main.labels)
    .filter((port) => !ports.some((own) => portsOverlap(own, port)))
    .map((port) => ({
      cause: `port ${port.containerPort}: ${renderHostPort(port)} is taken`,
      drift: 'ports' as const,
    }));
}
