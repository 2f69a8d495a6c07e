import { canonicalJson } from '../model/canonical.js';
import {
  CACHE_MOUNT_PATH,
  CACHE_PRIVATE_PATHS,
  LABEL,
  VOLUME_TYPE,
  WORKSPACE_NETWORK,
  cacheVolumeName,
  dataVolumeName,
  sharedVolumeName,
} from '../model/names.js';
import { sharedVolumeLabels } from '../model/shared-volume.js';
import type { CreationSpec, DesiredWorkspace } from '../model/desired.js';
import type { ContainerDefinition, ContainerMount, EnvVariable, PublishedPort } from '../model/engine-objects.js';
import { cacheEnvironment } from './environment.js';
import { encodePorts } from './ports.js';

/** Lists the mounts of a workspace's container, by target. */
export function workspaceMounts(workspace: string, creation: CreationSpec): ContainerMount[] {
  const mounts: ContainerMount[] = [
    { type: 'volume', source: dataVolumeName(workspace), target: creation.storageMountPath, readOnly: false },
    ...creation.mounts.map((mount): ContainerMount => ({
      type: mount.type === 'bind' ? 'bind' : 'volume',
      source: mount.type === 'bind' ? mount.source : sharedVolumeName(mount.source),
      target: mount.target,
      readOnly: mount.readOnly,
    })),
  ];
  if (creation.cache !== null) {
    // Read-only, because workspaces must not write the store (F7). No copy, because an image's own /nix must not fill
    // the volume (F14).
    mounts.push({
      type: 'volume',
      source: cacheVolumeName(creation.cache),
      target: CACHE_MOUNT_PATH,
      readOnly: true,
      noCopy: true,
    });
  }
  return mounts.sort((a, b) => (a.target < b.target ? -1 : 1));
}

function environment(desired: DesiredWorkspace): EnvVariable[] {
  return desired.creation.env.flatMap((variable): EnvVariable[] => {
    if ('value' in variable) return [variable];
    const secret = desired.secrets.get(variable.name);
    return secret === undefined ? [] : [{ name: variable.name, value: secret }];
  });
}

/**
 * Builds the definition of the container that `desired` describes. `replaces` is the id of the container that it takes
 * over from, `imagePath` the PATH of the image.
 */
export function containerDefinition(
  desired: DesiredWorkspace,
  instance: string,
  ports: readonly PublishedPort[],
  replaces: string | null,
  imagePath?: string | null,
): ContainerDefinition {
  const { creation, inPlace } = desired;
  const own = environment(desired);
  return {
    image: creation.image,
    command: creation.command,
    hostname: desired.name,
    env: creation.cache === null ? own : cacheEnvironment(desired.name, creation.storageMountPath, own, imagePath),
    labels: {
      [LABEL.managed]: 'true',
      [LABEL.workspace]: desired.name,
      [LABEL.controller]: instance,
      [LABEL.specHash]: desired.specHash,
      [LABEL.spec]: canonicalJson(creation),
      [LABEL.ports]: encodePorts(ports),
      ...(replaces === null ? {} : { [LABEL.replaces]: replaces }),
    },
    mounts: workspaceMounts(desired.name, creation).map((mount) => withLabels(mount, desired, instance)),
    ports,
    network: WORKSPACE_NETWORK,
    shmBytes: creation.shmBytes,
    limits: inPlace.limits,
    restartPolicy: inPlace.restartPolicy,
    healthcheck: creation.healthcheck,
    ...(creation.cache === null ? {} : { maskedPaths: CACHE_PRIVATE_PATHS }),
  };
}

/**
 * If a volume is removed after our observation, the engine creates it anew along with the container. The definition
 * therefore carries the volume's labels; without labels the volume would be a conflict forever.
 */
function withLabels(mount: ContainerMount, desired: DesiredWorkspace, instance: string): ContainerMount {
  if (mount.type !== 'volume') return mount;
  if (mount.source === dataVolumeName(desired.name)) return { ...mount, labels: dataVolumeLabels(desired, instance) };
  const { cache } = desired.creation;
  const isCache = cache !== null && mount.source === cacheVolumeName(cache);
  return { ...mount, labels: sharedVolumeLabels(isCache ? VOLUME_TYPE.cache : VOLUME_TYPE.shared) };
}

/** The labels of a workspace's data volume. */
export function dataVolumeLabels(desired: DesiredWorkspace, instance: string): Record<string, string> {
  return {
    [LABEL.managed]: 'true',
    [LABEL.workspace]: desired.name,
    [LABEL.controller]: instance,
    [LABEL.type]: VOLUME_TYPE.data,
    [LABEL.reclaimPolicy]: desired.reclaimPolicy,
  };
}
