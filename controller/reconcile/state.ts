import type { DesiredSnapshot, DesiredWorkspace } from '../model/desired.js';
import type { ObservedContainer, ObservedImage, PublishedPort } from '../model/engine-objects.js';
import { LABEL, containerName, nextContainerName } from '../model/names.js';
import type { Verdict, WorkspaceReport } from '../model/status.js';
import type { EngineView } from '../observe/engine-view.js';
import { decodePorts } from '../plan/ports.js';
import { planRemoval } from '../plan/removal.js';
import { rememberObserved } from '../plan/memory.js';
import { takenPorts } from '../plan/taken-ports.js';
import { NO_MEMORY, type Plan, type WorkspaceMemory, type WorkspaceObservation } from '../plan/types.js';
import { planWorkspace } from '../plan/workspace.js';
import type { CacheReconciler } from './interfaces.js';

/** What the controller knows between two reconciliations. All of it can be lost (law 6). */
export interface ControllerState {
  desired: DesiredSnapshot;
  readonly memories: Map<string, WorkspaceMemory>;
  /** Host ports allocated to plans whose containers may not have been observed yet. */
  readonly reserved: Map<string, readonly PublishedPort[]>;
  /** References of images that a create or an inspect did not find. */
  readonly absentImages: Set<string>;
  /** Images by reference; forgotten at any event about an image. */
  readonly images: Map<string, ObservedImage>;
  readonly caches: Pick<CacheReconciler, 'observe' | 'reportOf'>;
  /** Workspaces whose data volume has lost its directory. */
  readonly damaged: Set<string>;
  /** Workspaces that wait for another object; any change on the engine wakes them. */
  readonly waiting: Set<string>;
  /** Workspaces of which something was announced since they were last settled. */
  readonly announced: Set<string>;
  /**
   * Signatures of the plans that failed since the last success, by workspace. The events that a failed call causes must
   * not retry these plans early.
   */
  readonly failedPlans: Map<string, Set<string>>;
  /** The removals that may go ahead, with the reclaim policy of the last good spec, or null when it is not known. */
  removals: ReadonlyMap<string, 'Retain' | 'Delete' | null>;
  /** The names whose removal waits for a person. */
  held: ReadonlySet<string>;
}

/** The snapshot before the first scan. */
export const EMPTY_SNAPSHOT: DesiredSnapshot = {
  complete: false,
  workspaces: new Map(),
  caches: new Map(),
  claimed: new Set(),
  absent: new Set(),
  removed: new Map(),
  problems: [],
  revisions: new Map(),
};

/** Creates a state in which nothing is known yet. */
export function createState(caches: ControllerState['caches']): ControllerState {
  return {
    caches,
    images: new Map(),
    desired: EMPTY_SNAPSHOT,
    memories: new Map(),
    reserved: new Map(),
    absentImages: new Set(),
    damaged: new Set(),
    waiting: new Set(),
    announced: new Set(),
    failedPlans: new Map(),
    removals: new Map(),
    held: new Set(),
  };
}

/**
 * Plans a workspace from what is known at `now` (ms of our clock); null for a workspace without a spec and without a
 * permitted removal.
 */
export function planFor(
  name: string,
  state: ControllerState,
  view: EngineView,
  instance: string,
  now: number,
): Plan | null {
  const desired = state.desired.workspaces.get(name);
  const observed = observationOf(name, desired, state, view);
  if (desired !== undefined) {
    const memory = rememberObserved(state.memories.get(name) ?? NO_MEMORY, name, observed.containers, now);
    state.memories.set(name, memory);
    return planWorkspace({ instance, desired, observed, memory, now });
  }
  const reclaimPolicy = state.removals.get(name);
  if (reclaimPolicy === undefined) return null;
  return planRemoval({ workspace: name, instance, observed, reclaimPolicy });
}

function observationOf(
  name: string,
  desired: DesiredWorkspace | undefined,
  state: ControllerState,
  view: EngineView,
): WorkspaceObservation {
  const containers = view.containersOf(name);
  const image = desired === undefined ? undefined : state.images.get(desired.creation.image);
  // A container of another spec is not started again, so the store of its image does not matter; only that of the new
  // image does.
  const serving = servingContainer(name, containers);
  const imageIds = [
    serving?.labels[LABEL.specHash] === desired?.specHash ? serving?.imageId : undefined,
    image?.id,
  ].filter((id) => id !== undefined);
  return {
    containers,
    imagePath: image?.path,
    cache: desired === undefined ? null : state.caches.observe(desired, [...new Set(imageIds)]),
    volumes: view.volumes,
    networks: view.networks,
    imagePresent: desired !== undefined && state.absentImages.has(desired.creation.image) ? false : null,
    storageDamaged: state.damaged.has(name),
    takenPorts:
      desired === undefined || desired.creation.ports.length === 0
        ? []
        : takenPorts(name, {
            containers: view.containers.values(),
            desired: state.desired.workspaces,
            reserved: state.reserved,
          }),
  };
}

/** The report of a workspace for the status store, from what is known now. */
export function reportOf(name: string, verdict: Verdict, state: ControllerState, view: EngineView): WorkspaceReport {
  const desired = state.desired.workspaces.get(name);
  const container = servingContainer(name, view.containersOf(name));
  return {
    name,
    verdict,
    cache: desired === undefined ? null : state.caches.reportOf(desired),
    spec:
      desired === undefined
        ? null
        : {
            hash: desired.specHash,
            location: desired.location,
            problem: desired.problem,
            revision: state.desired.revisions.get(desired.location.source) ?? null,
          },
    container:
      container === undefined
        ? null
        : {
            id: container.id,
            image: container.image,
            state: container.state,
            health: container.health,
            ports: decodePorts(container.labels),
            startedAt: container.details?.startedAt ?? null,
          },
  };
}

function servingContainer(name: string, containers: readonly ObservedContainer[]): ObservedContainer | undefined {
  const main = containers.find((container) => container.name === containerName(name));
  const next = containers.find((container) => container.name === nextContainerName(name));
  return main?.state !== 'running' && next?.state === 'running' ? next : (main ?? next);
}
