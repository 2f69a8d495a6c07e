import type { DesiredWorkspace } from '../../../controller/model/desired.js';
import type { ContainerDetails, ObservedContainer, ObservedVolume } from '../../../controller/model/engine-objects.js';
import {
  LABEL,
  VOLUME_TYPE,
  WORKSPACE_NETWORK,
  cacheVolumeName,
  containerName,
  dataVolumeName,
  nextContainerName,
  sharedVolumeName,
} from '../../../controller/model/names.js';
import type { WorkspaceSpec } from '../../../controller/model/workspace.generated.js';
import { containerDefinition, dataVolumeLabels } from '../../../controller/plan/definition.js';
import { sharedVolumeLabels } from '../../../controller/model/shared-volume.js';
import { allocatePorts } from '../../../controller/plan/ports.js';
import { renderPlan } from '../../../controller/plan/render.js';
import {
  NO_MEMORY,
  type CacheObservation,
  type Plan,
  type WorkspaceInput,
  type WorkspaceMemory,
  type WorkspaceObservation,
} from '../../../controller/plan/types.js';
import { desiredWorkspace } from '../../support/sim/specs.js';

export const NOW = 1_000_000;
export const INSTANCE = 'default';

export function alice(spec: Partial<WorkspaceSpec> = {}): DesiredWorkspace {
  return desiredWorkspace('alice', { image: 'app:1', ...spec });
}

const DETAILS: ContainerDetails = {
  startedAt: NOW - 600_000,
  finishedAt: null,
  exitCode: 0,
  oomKilled: false,
  error: '',
  restartCount: 0,
  limits: { nanoCpus: 0, memoryBytes: 0, pids: 0 },
  restartPolicy: 'unless-stopped',
};

type Change = Partial<Omit<ObservedContainer, 'details'>> & { readonly details?: Partial<ContainerDetails> | null };

/** A container made from `desired` and inspected, running unless `change` says otherwise. */
export function container(desired: DesiredWorkspace, change: Change = {}): ObservedContainer {
  const allocation = allocatePorts(desired.name, desired.creation.ports, [], []);
  const definition = containerDefinition(desired, INSTANCE, allocation.ok ? allocation.ports : [], null);
  const { details, ...rest } = change;
  return {
    id: 'id-main',
    name: containerName(desired.name),
    image: definition.image,
    imageId: 'sha256:1',
    labels: definition.labels,
    state: 'running',
    health: 'none',
    mounts: definition.mounts,
    networks: [{ name: WORKSPACE_NETWORK, id: 'net-1' }],
    ports: definition.ports,
    details:
      details === null
        ? null
        : { ...DETAILS, limits: desired.inPlace.limits, restartPolicy: desired.inPlace.restartPolicy, ...details },
    ...rest,
  };
}

export function next(desired: DesiredWorkspace, change: Change = {}): ObservedContainer {
  return container(desired, { id: 'id-next', name: nextContainerName(desired.name), ...change });
}

export function volumesFor(desired: DesiredWorkspace): Map<string, ObservedVolume> {
  const shared = desired.creation.mounts
    .filter(({ type }) => type === 'shared-volume')
    .map(({ source }) => [sharedVolumeName(source), VOLUME_TYPE.shared] as const);
  const cache =
    desired.creation.cache === null ? [] : [[cacheVolumeName(desired.creation.cache), VOLUME_TYPE.cache] as const];
  const volumes = [...shared, ...cache].map(([name, type]) => ({
    name,
    driver: 'local',
    labels: sharedVolumeLabels(type),
  }));
  const data = { name: dataVolumeName(desired.name), driver: 'local', labels: dataVolumeLabels(desired, INSTANCE) };
  return new Map([...volumes, data].map((volume) => [volume.name, volume]));
}

export function observation(
  desired: DesiredWorkspace,
  containers: readonly ObservedContainer[],
  change: Partial<WorkspaceObservation> = {},
): WorkspaceObservation {
  return {
    containers,
    volumes: volumesFor(desired),
    networks: new Map([
      [WORKSPACE_NETWORK, { id: 'net-1', name: WORKSPACE_NETWORK, labels: { [LABEL.managed]: 'true' } }],
    ]),
    imagePresent: null,
    storageDamaged: false,
    takenPorts: [],
    cache: null,
    ...change,
  };
}

/** A cache that is ready, with the profile of alice's packages in place. */
export function cacheObservation(change: Partial<CacheObservation> = {}): CacheObservation {
  return {
    cache: 'default',
    unavailable: null,
    mustStop: false,
    migration: 'none',
    profile: 'ready',
    profilePackages: ['hello', 'tool'],
    isRealised: true,
    progress: null,
    failure: null,
    retryMs: null,
    image: 'plain',
    imageId: 'sha256:1',
    importFailure: null,
    ...change,
  };
}

export interface Situation {
  readonly desired: DesiredWorkspace;
  readonly containers?: readonly ObservedContainer[];
  readonly world?: Partial<WorkspaceObservation>;
  readonly memory?: Partial<WorkspaceMemory>;
}

export function inputOf({ desired, containers = [], world, memory }: Situation): WorkspaceInput {
  return {
    instance: INSTANCE,
    desired,
    observed: observation(desired, containers, world),
    memory: { ...NO_MEMORY, ...memory },
    now: NOW,
  };
}

/** A plan as people read it: its operations, or what stands in their place. */
export function textOf({ operations, verdict, recheckAfterMs }: Plan): string {
  const state =
    verdict.kind === 'failing'
      ? `${verdict.failure.reason}: ${verdict.failure.message}${verdict.serving ? ' (serving)' : ''}`
      : verdict.kind;
  const later = recheckAfterMs === null ? '' : `, again after ${recheckAfterMs} ms`;
  return `${renderPlan(operations)}${operations.length === 0 || verdict.kind === 'failing' ? `= ${state}${later}\n` : ''}`;
}
