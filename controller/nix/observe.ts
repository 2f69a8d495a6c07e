import type { WorkspaceCacheReport } from '../model/cache-status.js';
import type { DesiredWorkspace } from '../model/desired.js';
import type { CacheObservation } from '../plan/types.js';
import { migrationOf, whyUnavailable } from './cache-availability.js';
import type { CacheContext, SharedByCaches } from './cache-context.js';
import type { CacheRegistry } from './cache-registry.js';
import { isTrustedImage } from './images/trusted-image.js';
import type { PackageLists } from './package-lists.js';
import { profileState } from './packages/profile-state.js';

/** The parts of a cache that an observation reads. */
export type ObservedCache = Pick<
  CacheContext,
  'name' | 'specs' | 'keeper' | 'environments' | 'imports' | 'clearing'
> & { readonly shared: Pick<SharedByCaches, 'images' | 'isForesight'> };

/**
 * What the planner needs to know of the workspace's cache; null when the workspace has no cache. `imageIds` are those
 * of the existing container and of the spec's image.
 */
export function observe(
  { caches, shared, packageLists }: CacheRegistry,
  workspace: DesiredWorkspace,
  imageIds: readonly string[],
): CacheObservation | null {
  const name = workspace.creation.cache;
  if (name === null) return null;
  const cache = caches.get(name);
  if (cache === undefined) return unknownCache(name, imageOf({ imports: null, shared }, workspace, imageIds, []));
  const key = cache.specs.environmentKey(workspace.packages);
  if (key !== null) packageLists.note(key, workspace.packages);
  return observeCache(cache, workspace, imageIds, packageLists);
}

/** Does the same as `observe` for a given cache, which is the workspace's own. */
export function observeCache(
  cache: ObservedCache,
  workspace: DesiredWorkspace,
  imageIds: readonly string[],
  packageLists: Pick<PackageLists, 'of'>,
): CacheObservation {
  const { name, specs, environments, imports, clearing, shared } = cache;
  const config = specs.desired()?.config;
  const image = imageOf(cache, workspace, imageIds, config?.trustedImages ?? []);
  const common = { ...unknownCache(name, image), mustStop: clearing.isUnderWay(), migration: migrationOf(cache) };
  const key = specs.environmentKey(workspace.packages);
  if (key === null) return common;
  const held = environments.profileKey(workspace.name);
  const failed = environments.failureOf(key);
  return {
    ...common,
    unavailable: shared.isForesight ? null : whyUnavailable(cache),
    profile: profileState(workspace, held, key, environments.hasInventory() || shared.isForesight),
    profilePackages:
      held === null ? null : (packageLists.of(held) ?? environments.known(workspace.name)?.packages ?? null),
    isRealised: environments.isKnown(key),
    progress: environments.progressOf(workspace.name, key),
    // A failure that may be tried again now is not reported as a failure.
    failure: failed === null || failed.retryMs === 0 ? null : failed.failure,
    retryMs: failed?.retryMs ?? null,
    importFailure: image.imageId === null ? null : imports.failureOf(image.imageId),
  };
}

/** What a workspace's status reports about its cache; null when the workspace has no cache. */
export function reportOf(registry: CacheRegistry, workspace: DesiredWorkspace): WorkspaceCacheReport | null {
  const seen = observe(registry, workspace, []);
  if (seen === null) return null;
  const { cache, unavailable, profile, progress, failure } = seen;
  const lastUse = registry.shared.uses.last(workspace.name);
  return { cache, unavailable, packages: workspace.packages, profile, progress, failure, lastUse };
}

type Image = Pick<CacheObservation, 'image' | 'imageId'>;

/** The observation of a cache that only this workspace names. */
function unknownCache(cache: string, image: Image): CacheObservation {
  return {
    cache,
    ...image,
    mustStop: false,
    migration: 'none',
    unavailable: { reason: 'CacheMissing', message: `there is no cache ${cache}` },
    profile: 'unknown',
    profilePackages: null,
    isRealised: false,
    progress: null,
    failure: null,
    retryMs: null,
    importFailure: null,
  };
}

/** The state of the first image that prevents a start, or else of the first image. */
function imageOf(
  { imports, shared }: { readonly imports: ObservedCache['imports'] | null; readonly shared: ObservedCache['shared'] },
  { creation }: DesiredWorkspace,
  imageIds: readonly string[],
  trustedImages: readonly string[],
): Image {
  const states = imageIds.map((imageId): Image => {
    const bringsStore = shared.images.bringsStore(imageId);
    if (bringsStore === undefined) return { image: 'unknown', imageId };
    if (!bringsStore) return { image: 'plain', imageId };
    if (imports?.has(imageId) === true) return { image: 'imported', imageId };
    const isTrusted = isTrustedImage({ reference: creation.image, imageId }, trustedImages);
    return { image: isTrusted ? 'own' : 'refused', imageId };
  });
  const first = states.find(({ image }) => image !== 'plain' && image !== 'imported');
  return first ?? states[0] ?? { image: 'unknown', imageId: null };
}
