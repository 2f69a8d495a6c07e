import { VOLUME_TYPE, WORKSPACE_NETWORK, cacheVolumeName, sharedVolumeName, LABEL } from '../model/names.js';
import type { DesiredWorkspace } from '../model/desired.js';
import type { Failure } from '../model/reasons.js';
import type { ObservedNetwork, ObservedVolume } from '../model/engine-objects.js';
import { isSharedVolumeOurs, sharedVolumeLabels } from '../model/shared-volume.js';
import type { Operation } from './types.js';
import { isNetworkOurs } from './ownership.js';

export interface SharedInput {
  readonly workspaces: Iterable<DesiredWorkspace>;
  /** The caches that a spec or a default defines, by name. A name that is not defined gets no volume. */
  readonly caches: ReadonlyMap<string, unknown>;
  readonly volumes: ReadonlyMap<string, ObservedVolume>;
  readonly networks: ReadonlyMap<string, ObservedNetwork>;
}

export interface SharedPlan {
  readonly operations: readonly Operation[];
  readonly failures: readonly Failure[];
}

/**
 * Plans the objects that all workspaces of the host share: the network, the volumes of caches, the shared volumes. None
 * of them is ever removed here.
 */
export function planShared(input: SharedInput): SharedPlan {
  const wanted = new Map<string, string>();
  let any = false;
  for (const { creation } of input.workspaces) {
    any = true;
    if (creation.cache !== null && input.caches.has(creation.cache))
      wanted.set(cacheVolumeName(creation.cache), VOLUME_TYPE.cache);
    for (const mount of creation.mounts)
      if (mount.type === 'shared-volume') wanted.set(sharedVolumeName(mount.source), VOLUME_TYPE.shared);
  }
  if (!any) return { operations: [], failures: [] };
  const operations: Operation[] = [];
  const failures: Failure[] = [];
  const network = input.networks.get(WORKSPACE_NETWORK);
  if (network === undefined)
    operations.push({
      type: 'create-network',
      network: WORKSPACE_NETWORK,
      labels: { [LABEL.managed]: 'true' },
      cause: 'the network does not exist',
      drift: 'network',
    });
  else if (!isNetworkOurs(network))
    failures.push({
      reason: 'NetworkConflict',
      message: `a network named ${WORKSPACE_NETWORK} exists and does not carry our labels`,
    });
  for (const [name, type] of [...wanted].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const volume = input.volumes.get(name);
    if (volume === undefined)
      operations.push({
        type: 'create-volume',
        volume: name,
        labels: sharedVolumeLabels(type),
        cause: 'the volume does not exist',
        drift: 'volume',
      });
    else if (!isSharedVolumeOurs(volume, type))
      failures.push({
        reason: 'VolumeConflict',
        message: `the volume ${name} exists and is not a volume of type ${type} of ours`,
      });
  }
  return { operations, failures };
}
