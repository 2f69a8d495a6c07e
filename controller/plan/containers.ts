import { containerName, dataVolumeName, nextContainerName } from '../model/names.js';
import type { ObservedContainer } from '../model/engine-objects.js';
import type { ContainerTarget } from './types.js';
import { containerOwnership } from './ownership.js';

/** The containers of a workspace by their role. */
export interface Slots {
  /** The container named `workspace-<name>`. */
  readonly main: ObservedContainer | null;
  /** The replacement, named `workspace-<name>.next`. */
  readonly next: ObservedContainer | null;
  /**
   * Our containers that somebody renamed by hand. A container made from a commit of a workspace's container inherits
   * our labels, so a container counts as ours only when it also mounts the workspace's data volume.
   */
  readonly strays: readonly ObservedContainer[];
  /** A container that has one of our two names and is not ours. */
  readonly foreign: ObservedContainer | null;
}

/** Assigns the containers that concern a workspace to their roles, by name and ownership. */
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

/** Refers to a container by name and id, as operations do. */
export function target(container: ObservedContainer): ContainerTarget {
  return { name: container.name, id: container.id };
}

/** The state of a container that is meant to run. */
export type Readiness = 'ready' | 'starting' | 'unhealthy' | 'crashing' | 'down';

/** Derives the readiness of a container from its state and health. */
export function readiness(container: ObservedContainer): Readiness {
  if (container.state === 'restarting') return 'crashing';
  if (container.state !== 'running') return 'down';
  if (container.health === 'starting') return 'starting';
  return container.health === 'unhealthy' ? 'unhealthy' : 'ready';
}

/**
 * Describes how the main process of a container ended, as the end of a sentence; empty when the container was not
 * inspected.
 */
export function describeExit({ details }: ObservedContainer): string {
  if (details === null) return '';
  if (details.oomKilled) return ' (out of memory)';
  // An init process ends with these exit codes when it cannot run the command; the engine's start call succeeds
  // nevertheless.
  const meaning =
    details.exitCode === 127
      ? ' (the command was not found)'
      : details.exitCode === 126
        ? ' (the command cannot be executed)'
        : '';
  return ` with exit code ${details.exitCode}${meaning}`;
}
