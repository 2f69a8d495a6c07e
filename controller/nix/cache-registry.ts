import { containerName } from '../model/names.js';
import type { CacheContext, CachesSnapshot, SharedByCaches } from './cache-context.js';
import { createCache } from './create-cache.js';
import { createImages, type ImageRecord } from './images/images.js';
import { createPackageLists, type PackageLists } from './package-lists.js';
import { createWorkspaceUses } from './workspace-uses.js';

export interface CachesDependencies extends Omit<SharedByCaches, 'images' | 'uses' | 'snapshot'> {
  readonly imageRecord: ImageRecord;
}

/** All caches that the controller knows, with what they share. */
export interface CacheRegistry {
  readonly shared: SharedByCaches;
  readonly caches: Map<string, CacheContext>;
  readonly packageLists: PackageLists;
  /** All specs as they were last read; null before the first read. Only `updateCaches` changes it. */
  snapshot: CachesSnapshot | null;
}

/** Creates a registry without caches. */
export function createCacheRegistry({ imageRecord, ...deps }: CachesDependencies): CacheRegistry {
  const { docker, instance, view } = deps;
  const registry: CacheRegistry = {
    shared: {
      ...deps,
      images: createImages(docker, instance, imageRecord),
      uses: createWorkspaceUses((workspace) =>
        [...view.containers.values()].some(({ name }) => name === containerName(workspace)),
      ),
      snapshot: () => registry.snapshot,
    },
    caches: new Map(),
    packageLists: createPackageLists(),
    snapshot: null,
  };
  return registry;
}

/** The cache of this name; it is created when it is first requested. */
export function cacheOf({ caches, shared }: CacheRegistry, name: string): CacheContext {
  const cache = caches.get(name) ?? createCache(name, shared);
  caches.set(name, cache);
  return cache;
}
