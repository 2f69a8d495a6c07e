import { containerName } from '../model/names.js';
import type { Failure } from '../model/reasons.js';
import { isOnBareStore } from '../model/shared-volume.js';
import type { CacheObservation } from '../plan/types.js';
import type { CacheContext } from './cache-context.js';

/** Why the cache cannot be used now, or null when it can. */
export function whyUnavailable({
  name,
  clearing,
  keeper,
}: Pick<CacheContext, 'name' | 'clearing' | 'keeper'>): Failure | null {
  return clearing.isUnderWay()
    ? { reason: 'CacheClearing', message: `the cache ${name} is being emptied` }
    : keeper.unavailable();
}

/**
 * Whether the replaced system's store is still in the volume, and whether a container that is not a workspace of this
 * cache keeps it there.
 */
export function migrationOf({ keeper, specs }: Pick<CacheContext, 'keeper' | 'specs'>): CacheObservation['migration'] {
  if (keeper.failure()?.reason !== 'CacheMigrating') return 'none';
  const own = new Set(specs.workspaces().map(containerName));
  return keeper.users().every((user) => own.has(user.name) || !isOnBareStore(user)) ? 'due' : 'held';
}

/** Whether any work is under way in the cache. */
export function isBusy({ environments, imports, clearing, collector, verifier }: CacheContext): boolean {
  const runs = [clearing, collector, verifier];
  return environments.isBusy() || imports.isBusy() || runs.some((run) => run.isUnderWay());
}
