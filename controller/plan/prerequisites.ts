import {
  LABEL,
  VOLUME_TYPE,
  WORKSPACE_NETWORK,
  cacheVolumeName,
  dataVolumeName,
  sharedVolumeName,
} from '../model/names.js';
import type { Failure } from '../model/reasons.js';
import type { DesiredWorkspace } from '../model/desired.js';
import { isSharedVolumeOurs } from '../model/shared-volume.js';
import type { WorkspaceInput, WorkspaceObservation } from './types.js';
import type { Slots } from './containers.js';
import { dataVolumeOwnership, describeOwner, isNetworkOurs } from './ownership.js';

/** Reports an object of another owner that occupies the name of one of ours; such an object is never touched. */
export function conflict(input: WorkspaceInput, slots: Slots): Failure | null {
  const { desired, observed, instance } = input;
  if (slots.foreign !== null) {
    const { name, labels } = slots.foreign;
    return { reason: 'NameConflict', message: `a container named ${name} exists and ${describeOwner(labels)}` };
  }
  const volumeName = dataVolumeName(desired.name);
  const volume = observed.volumes.get(volumeName);
  if (volume !== undefined && dataVolumeOwnership(volume, desired.name, instance) === 'foreign') {
    const why = volume.driver === 'local' ? describeOwner(volume.labels) : `uses the driver ${volume.driver}`;
    return { reason: 'VolumeConflict', message: `the volume ${volumeName} exists and ${why}` };
  }
  return null;
}

/** Why a container of this workspace cannot start yet: a prerequisite that does not exist; null when all exist. */
export function missingPrerequisite(desired: DesiredWorkspace, observed: WorkspaceObservation): Failure | null {
  const { creation } = desired;
  const volumes: [string, string][] = creation.mounts
    .filter((mount) => mount.type === 'shared-volume')
    .map((mount) => [sharedVolumeName(mount.source), VOLUME_TYPE.shared]);
  if (creation.cache !== null) volumes.unshift([cacheVolumeName(creation.cache), VOLUME_TYPE.cache]);
  for (const [name, type] of volumes) {
    const volume = observed.volumes.get(name);
    if (volume === undefined) return { reason: 'VolumeMissing', message: `the shared volume ${name} is not there yet` };
    if (!isSharedVolumeOurs(volume, type)) {
      return {
        reason: 'VolumeConflict',
        message: `the volume ${name} exists and is not a volume of type ${type} (${LABEL.type}) of ours`,
      };
    }
  }
  const network = observed.networks.get(WORKSPACE_NETWORK);
  if (network === undefined)
    return { reason: 'NetworkMissing', message: `the network ${WORKSPACE_NETWORK} is not there yet` };
  if (!isNetworkOurs(network))
    return {
      reason: 'NetworkConflict',
      message: `a network named ${WORKSPACE_NETWORK} exists and does not carry our labels`,
    };
  return null;
}
