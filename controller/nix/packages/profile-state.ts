import type { DesiredWorkspace } from '../../model/desired.js';
import type { CacheObservation } from '../../plan/types.js';

/**
 * The state of a workspace's profile. `held` and `wanted` are keys of environments: the one in the profile, and the one
 * that the spec requests. `hasInventory` means that a keeper has reported what the profiles contain.
 */
export function profileState(
  workspace: Pick<DesiredWorkspace, 'packages'>,
  held: string | null,
  wanted: string,
  hasInventory: boolean,
): CacheObservation['profile'] {
  if (!hasInventory) return 'unknown';
  if (held === wanted) return 'ready';
  if (held !== null) return 'old';
  return workspace.packages.length === 0 ? 'ready' : 'none';
}
