import type { CallOptions } from '../docker/port.js';
import type { CacheOutcome, WorkspaceCacheReport } from '../model/cache-status.js';
import type { DesiredSnapshot, DesiredWorkspace } from '../model/desired.js';
import type { GcNews } from '../model/gc-status.js';
import type { VerifyNews } from '../model/verify-status.js';
import { FailureError } from '../model/reasons.js';
import type { KeeperPlan } from '../plan/keeper.js';
import type { CacheObservation, Operation } from '../plan/types.js';
import { isBusy } from './cache-availability.js';
import type { CacheContext } from './cache-context.js';
import { cacheOf, createCacheRegistry, type CachesDependencies } from './cache-registry.js';
import { keeperOf } from './listed-keepers.js';
import { lookAtCache } from './look-at-cache.js';
import { noteCreated } from './note-created.js';
import { observe, reportOf } from './observe.js';
import { updateCaches } from './update-caches.js';

type Of<T extends Operation['type']> = Extract<Operation, { type: T }>;

/** All caches of this controller. Each has its own volume, keeper and metrics. */
export interface Caches {
  /** Takes over what the specs want, and returns the names of the caches to reconcile. */
  update(snapshot: DesiredSnapshot): string[];
  names(): string[];
  /** Whether any work is under way in a cache. */
  isBusy(): boolean;

  /** Looks at one cache once and takes one step towards the desired state. Throws `EngineError`. */
  reconcile(cache: string, calls: CallOptions): Promise<CacheOutcome>;
  /** Whether the engine lists another keeper than the one that answered. */
  keeperMoved(cache: string): boolean;
  /** Plans what would be done about the cache's keeper now, without doing it; for `kalpana plan`. */
  foresee(cache: string, calls: CallOptions): Promise<KeeperPlan>;

  /**
   * What the planner needs to know of the workspace's cache; null when the workspace has no cache. `imageIds` are those
   * of the existing container and of the spec's image.
   */
  observe(workspace: DesiredWorkspace, imageIds: readonly string[]): CacheObservation | null;
  reportOf(workspace: DesiredWorkspace): WorkspaceCacheReport | null;
  /** Finds out whether the image contains a Nix store of its own. Each image is probed only once. */
  lookAtImage(imageId: string, calls: CallOptions): Promise<void>;

  /** Requests a workspace's packages and returns at once. */
  realise(operation: Of<'realise-environment'>): void;
  /** Waits up to `waitMs` for the workspace's profile; resolves with true when it is in place. */
  inPlace(operation: Of<'await-environment'>): Promise<boolean>;
  /** Imports the Nix store of an image into the cache. Throws a `FailureError`. */
  importImage(operation: Of<'import-image'>, calls: CallOptions): Promise<void>;
  /** Records that a container of the workspace was created. */
  noteCreated(workspace: string): void;

  /**
   * Collects the garbage of a cache; the last `onNews` message is the result. Throws an error of one line when there is
   * no such cache.
   */
  collect(cache: string, dryRun: boolean, onNews: (news: GcNews) => void): Promise<void>;
  /**
   * Looks through the whole store of a cache; the last `onNews` message is the result. Throws an error of one line when
   * there is no such cache.
   */
  verify(cache: string, repair: boolean, onNews: (news: VerifyNews) => void): Promise<void>;
  /** Empties the cache; throws an error of one line when the request is refused. */
  clear(cache: string, force: boolean, calls: CallOptions): Promise<string>;
}

/** Creates the caches of a controller that has not read its specs yet. */
export function createCaches(deps: CachesDependencies): Caches {
  const registry = createCacheRegistry(deps);
  const { caches, shared } = registry;
  const { images } = shared;

  /** The cache of this name; throws when no spec wants it. */
  function wantedCache(name: string): CacheContext {
    const cache = caches.get(name);
    if (cache === undefined || cache.specs.desired() === null) throw new Error(`there is no cache ${name}`);
    return cache;
  }

  return {
    update: (snapshot) => updateCaches(registry, snapshot),
    names: () => [...caches.keys()].sort(),
    isBusy: () => [...caches.values()].some(isBusy),
    reconcile: (name, calls) => lookAtCache(registry, name, calls),
    keeperMoved: (name) => caches.get(name)?.keeper.hasMoved(keeperOf(name, shared.view)) ?? true,
    foresee(name, calls) {
      const { keeper, specs } = cacheOf(registry, name);
      return keeper.foresee(specs.desired(), calls);
    },
    observe: (workspace, imageIds) => observe(registry, workspace, imageIds),
    reportOf: (workspace) => reportOf(registry, workspace),
    lookAtImage: images.look,
    realise({ workspace, cache, packages }) {
      const { specs, environments } = cacheOf(registry, cache);
      const config = specs.desired()?.config;
      if (config !== undefined) environments.request(workspace, config.nixpkgs, packages);
    },
    async inPlace({ workspace, cache, waitMs }) {
      const { specs, environments } = cacheOf(registry, cache);
      const packages = registry.snapshot?.workspaces.get(workspace)?.packages;
      const key = packages === undefined ? null : specs.environmentKey(packages);
      return key !== null && environments.inPlace(workspace, key, waitMs);
    },
    importImage: ({ cache, imageId }, calls) =>
      cacheOf(registry, cache).imports.take(imageId, (use) => images.withProbe(imageId, calls, use), calls),
    noteCreated: (workspace) => noteCreated(registry, workspace),
    async collect(name, dryRun, onNews) {
      await wantedCache(name).collector.collect(dryRun, onNews);
    },
    async verify(name, repair, onNews) {
      await wantedCache(name).verifier.verify(repair, onNews);
    },
    async clear(name, force, calls) {
      const { measure, clearing, verifier } = wantedCache(name);
      measure.forget();
      try {
        const told = await clearing.clear(force, calls);
        verifier.forget();
        return told;
      } catch (error) {
        throw error instanceof FailureError ? new Error(error.message, { cause: error }) : error;
      }
    },
  };
}
