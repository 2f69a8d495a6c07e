import { containerName, dataVolumeName, nextContainerName } from '../model/names.js';
import type { ObservedContainer } from '../model/engine-objects.js';
import type { ContainerTarget } from './types.js';
import { containerOwnership } from './ownership.js';

/** A workspace's containers by the part they play. */
export interface Slots {
  /** `workspace-<name>` */
  readonly main: ObservedContainer | null;
  /** `workspace-<name>.next` */
  readonly next: ObservedContainer | null;
  /**
   * Renamed by hand. A container made from a commit of a workspace inherits our labels, so only one that also mounts
   * the workspace's data volume is taken for ours.
   */
  readonly strays: readonly ObservedContainer[];
  /** Holds one of our two names and is not ours. */
  readonly foreign: ObservedContainer | null;
}

/** Sorts the containers that concern a workspace into their parts, by name and ownership. */
export function assignSlots(workspace: string, instance: string, containers: readonly ObservedContainer[]): Slots {
  const names = [containerName(workspace), nextContainerName(workspace)];
  const isForeign = (container: ObservedContainer) => containerOwnership(container, workspace, instance) === 'foreign';
  const own = containers.filter((container) => !isForeign(container));
  return {
    main: own.find((container) => container.name === names[0]) ?? null,
    next: own.find((container) => container.name === names[1]) ?? null,
    strays: own
      .filter((container) => !names.includes(container.name) && mountsVolume(container, dataVolumeName(workspace)))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    foreign: containers.find((container) => names.includes(container.name) && isForeign(container)) ?? null,
  };
}

function mountsVolume(container: ObservedContainer, volume: string): boolean {
  return container.mounts.some((mount) => mount.type === 'volume' && mount.source === volume);
}

/** The container by name and id, as operations name it. */
export function target(container: ObservedContainer): ContainerTarget {
  return { name: container.name, id: container.id };
}

/** The state of a container that should run. */
export type Readiness = 'ready' | 'starting' | 'unhealthy' | 'crashing' | 'down';

/** The readiness of a container that should run, by its state and health. */
export function readiness(container: ObservedContainer): Readiness {
  if (container.state === 'restarting') return 'crashing';
  if (container.state !== 'running') return 'down';
  if (container.health === 'starting') return 'starting';
  return container.health === 'unhealthy' ? 'unhealthy' : 'ready';
}

/** How the main process of a container ended, as the end of a sentence; empty when it was not inspected. */
export function describeExit({ details }: ObservedContainer): string {
  if (details === null) return '';
  if (details.oomKilled) return ' (out of memory)';
  // Exit codes of the init process for a command that it cannot run; the start call of the engine succeeds all the
  // same.
  const meaning =
    details.exitCode === 127
      ? ' (the command was not found)'
      : details.exitCode === 126
        ? ' (the command cannot be executed)'
        : '';
  return ` with exit code ${details.exitCode}${meaning}`;
}
