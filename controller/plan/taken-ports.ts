import { containerName, LABEL } from '../model/names.js';
import type { DesiredWorkspace } from '../model/desired.js';
import type { ObservedContainer, PublishedPort } from '../model/engine-objects.js';
import type { TakenPort } from './types.js';
import { decodePorts } from './ports.js';

export interface PortWorld {
  readonly containers: Iterable<ObservedContainer>;
  readonly desired: ReadonlyMap<string, DesiredWorkspace>;
  /** The ports that plans under way have settled on, by workspace. */
  readonly reserved: ReadonlyMap<string, readonly PublishedPort[]>;
}

/**
 * Lists the host ports that `workspace` cannot have: those of running containers, those that our other containers were
 * created with, those just allocated, and fixed ones that another spec requests. When two specs request one port, the
 * workspace whose container has it keeps it; otherwise the first by name gets it.
 */
export function takenPorts(workspace: string, world: PortWorld): TakenPort[] {
  const taken: TakenPort[] = [];
  const holdsPorts = new Set<string>();
  for (const container of world.containers) {
    const owner = container.labels[LABEL.workspace];
    if (owner === workspace) continue;
    const recorded = owner === undefined ? [] : decodePorts(container.labels);
    if (owner !== undefined && recorded.length > 0) holdsPorts.add(owner);
    const holder = owner === undefined ? `container ${container.name}` : `workspace ${owner}`;
    for (const port of [...container.ports, ...recorded]) taken.push({ ...port, holder });
  }
  for (const [owner, ports] of world.reserved) {
    if (owner !== workspace) taken.push(...ports.map((port) => ({ ...port, holder: `workspace ${owner}` })));
  }
  const ownContainer = hasContainer(workspace, world);
  for (const [owner, other] of world.desired) {
    const first = holdsPorts.has(owner) || (!ownContainer && owner < workspace);
    if (owner === workspace || !first) continue;
    for (const { protocol, hostIP, hostPort } of other.creation.ports) {
      if (hostPort !== null) taken.push({ protocol, hostIP, hostPort, holder: `workspace ${owner}` });
    }
  }
  return taken;
}

function hasContainer(workspace: string, world: PortWorld): boolean {
  for (const container of world.containers) if (container.name === containerName(workspace)) return true;
  return false;
}
