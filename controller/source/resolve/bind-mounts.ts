import type { CreationMount } from '../../model/desired.js';
import type { BindMount } from '../../model/workspace.generated.js';

/** The bind mounts of a workspace or of a cache, with their defaults. */
export function bindMounts(mounts: readonly BindMount[]): CreationMount[] {
  return mounts.map(({ source, target, readOnly }) => ({ type: 'bind', source, target, readOnly: readOnly ?? false }));
}
