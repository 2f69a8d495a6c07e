import type { ObservedContainer, ObservedVolume } from './engine-objects.js';
import { CACHE_MOUNT_PATH, LABEL, cacheOfVolumeName } from './names.js';

/** The labels of a volume for the whole host. `type` is one of `VOLUME_TYPE`. */
export function sharedVolumeLabels(type: string): Record<string, string> {
  return { [LABEL.shared]: 'true', [LABEL.managed]: 'true', [LABEL.type]: type };
}

/**
 * Whether a volume is ours. Caches and shared volumes belong to the host, not to one instance. The replaced system
 * wrote no type.
 */
export function isSharedVolumeOurs({ driver, labels }: ObservedVolume, type: string): boolean {
  const typeMatches = labels[LABEL.type] === undefined || labels[LABEL.type] === type;
  return driver === 'local' && labels[LABEL.managed] === 'true' && labels[LABEL.shared] === 'true' && typeMatches;
}

/**
 * Whether a container is one of the replaced system, which mounts a cache's volume as a bare store and not at /nix
 * (F1).
 */
export function isOnBareStore({ mounts }: ObservedContainer): boolean {
  return mounts.some(
    ({ type, source, target }) =>
      type === 'volume' && cacheOfVolumeName(source) !== undefined && target !== CACHE_MOUNT_PATH,
  );
}
