import type { DesiredCache, DesiredSnapshot } from '../model/desired.js';
import type { CacheContext } from './cache-context.js';
import { cacheOf, type CacheRegistry } from './cache-registry.js';
import { reportCache } from './cache-report.js';
import { cachesWithKeeper } from './listed-keepers.js';
import { usersByCache } from './users-by-cache.js';

/** Takes over what the specs want, and returns the names of the caches whose desired state has changed. */
export function updateCaches(registry: CacheRegistry, snapshot: DesiredSnapshot): string[] {
  const { view, instance } = registry.shared;
  registry.snapshot = snapshot;
  const users = usersByCache(snapshot);
  const names = new Set([...snapshot.caches.keys(), ...registry.caches.keys(), ...cachesWithKeeper(view, instance)]);
  const changed = [...names].filter((name) =>
    takeSpecs(cacheOf(registry, name), snapshot.caches.get(name) ?? null, users.get(name) ?? []),
  );
  forgetTheGone(registry, snapshot);
  return changed;
}

/** Takes over what the specs want from one cache; returns true when its desired state has changed. */
function takeSpecs(cache: CacheContext, desired: DesiredCache | null, workspaces: readonly string[]): boolean {
  const { specs, environments, collector } = cache;
  const { isOther, isNews, profilesBefore } = specs.take(desired, workspaces);
  if (isOther) environments.forgetFailures();
  if (desired !== null) collector.noteNames(specs.profiles(), profilesBefore);
  if (isNews) reportCache(cache);
  return isOther;
}

/** Forgets everything that no spec and no profile names any more, because a controller runs for months. */
function forgetTheGone({ caches, shared, packageLists }: CacheRegistry, { workspaces }: DesiredSnapshot): void {
  shared.uses.keepOnly((name) => workspaces.has(name));
  const keys = [...workspaces.values()].flatMap(({ name, creation, packages }) => {
    const cache = caches.get(creation.cache ?? '');
    return cache === undefined ? [] : [cache.environments.profileKey(name), cache.specs.environmentKey(packages)];
  });
  packageLists.keepOnly(new Set(keys));
}
