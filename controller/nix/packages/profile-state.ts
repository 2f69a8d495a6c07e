import type { DesiredWorkspace } from '../../model/desired.js';
import type { CacheObservation } from '../../plan/types.js';

/**
 * What a profile is to its workspace. `held` and `wanted` are keys of environments: what the profile holds, and what
 * the spec asks for. `hasInventory`: a keeper has told what the profiles hold.
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
