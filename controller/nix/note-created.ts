import type { CacheRegistry } from './cache-registry.js';
import { warmUse } from './packages/accounts.js';

/**
 * Records that a container of the workspace was created. If the profile already contained everything, that is one use
 * of the cache.
 */
export function noteCreated({ caches, shared, snapshot }: CacheRegistry, workspace: string): void {
  const desired = snapshot?.workspaces.get(workspace);
  const cache = caches.get(desired?.creation.cache ?? '');
  if (desired === undefined || cache === undefined || desired.packages.length === 0) return;
  const { environments, specs, totals } = cache;
  const key = specs.environmentKey(desired.packages) ?? '';
  if (!shared.uses.noteCreated(workspace, environments.progressOf(workspace, key) !== null)) return;
  const known = environments.known(workspace);
  if (known === null || environments.profileKey(workspace) !== key) return;
  const use = warmUse(known, 0);
  totals.add(use);
  shared.uses.noteWarmStart(workspace, use);
  shared.emit({ type: 'linked', cache: cache.name, workspace, use });
}
