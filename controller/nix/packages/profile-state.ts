import type { DesiredWorkspace } from '../../model/desired.js';
import type { CacheObservation } from '../../plan/types.js';

/** What a profile is to its workspace: `held` and `wanted` are keys of environments; `isTold`: it is known what profiles hold. */
export function profileState(
  workspace: DesiredWorkspace,
  held: string | null,
  wanted: string,
  isTold: boolean,
): CacheObservation['profile'] {
  if (!isTold) return 'unknown';
  if (held === wanted) return 'ready';
  if (held !== null) return 'old';
  return workspace.packages.length === 0 ? 'ready' : 'none';
}
