import type { CallOptions } from '../docker/port.js';
import type { CacheOutcome, CacheUse, WorkspaceCacheReport } from '../model/cache-status.js';
import type { DesiredSnapshot, DesiredWorkspace } from '../model/desired.js';
import type { GcNews } from '../model/gc-status.js';
import { bareImageId } from '../model/image-id.js';
import { CONTAINER_TYPE, LABEL, cacheOfKeeperName, containerName } from '../model/names.js';
import { FailureError, type Failure } from '../model/reasons.js';
import type { CacheObservation, Operation } from '../plan/types.js';
import { NO_TOTALS } from './packages/accounts.js';
import { createCache, type Cache, type CacheDependencies } from './cache.js';
import { environmentRequest } from './packages/environment-key.js';
import { createImages, type ImageRecord } from './images/images.js';
import type { KeeperPlan } from '../plan/keeper.js';
import { profileState } from './packages/profile-state.js';
import { usersByCache } from './users-by-cache.js';
import { isTrustedImage } from './images/trusted-image.js';

export interface CachesDependencies extends Omit<
  CacheDependencies,
  'totals' | 'imageWithStore' | 'gcRecord' | 'gcWorkspace' | 'isComplete'
> {
  readonly imageRecord: ImageRecord;
  readonly totals: (cache: string) => CacheDependencies['totals'];
  readonly gcRecord: (cache: string) => CacheDependencies['gcRecord'];
}

type Of<T extends Operation['type']> = Extract<Operation, { type: T }>;

/** All caches of this controller. They are apart: a volume, a keeper and numbers each. */
export function createCaches(deps: CachesDependencies) {
  const { docker, view, instance } = deps;
  const images = createImages(docker, instance, deps.imageRecord);
  const caches = new Map<string, Cache>();
  const lastUses = new Map<string, CacheUse>();
  /** A link and a creation that belong to one start, one of them done: in either order they are one use of the cache. */
  const firstStarts = new Set<string>();
  /** Packages by environment key: what a profile holds, where this controller put it there. */
  const packagesOf = new Map<string, readonly string[]>();
  let snapshot: Pick<DesiredSnapshot, 'caches' | 'workspaces' | 'complete'> | null = null;

  function cacheOf(name: string): Cache {
    const known = caches.get(name);
    if (known !== undefined) return known;
    const made = createCache(name, {
      ...deps,
      totals: deps.totals(name),
      gcRecord: deps.gcRecord(name),
      isComplete: () => snapshot?.complete === true,
      gcWorkspace(workspace, environments) {
        const desired = snapshot?.workspaces.get(workspace);
        const config = snapshot?.caches.get(name)?.config;
        if (desired === undefined || config === undefined) return null;
        const { packages, creation } = desired;
        return {
          name: workspace,
          hasPackages: packages.length > 0,
          storageMountPath: creation.storageMountPath,
          realise: () => environments.request(workspace, config.nixpkgs, packages),
        };
      },
      async imageWithStore(reference, calls) {
        const image = await docker.inspectImage(reference, calls);
        if (image === null) return null;
        // A plan looks at what is known, and makes no probe.
        if (deps.foresight !== true) await images.look(image.id, calls);
        return images.bringsStore(image.id) === true ? bareImageId(image.id) : null;
      },
      emit(event) {
        if (event.type === 'linked') {
          const { workspace, use } = event;
          lastUses.set(workspace, use);
          if (!firstStarts.delete(workspace) && !hasContainer(workspace)) firstStarts.add(workspace);
        }
        deps.emit(event);
      },
    });
    caches.set(name, made);
    return made;
  }

  /** Takes over what the specs want; gives the caches to look at. */
  function update(next: DesiredSnapshot): string[] {
    snapshot = next;
    const users = usersByCache(next);
    const changed: string[] = [];
    for (const name of new Set([...next.caches.keys(), ...caches.keys(), ...ownKeepers()])) {
      const desired = next.caches.get(name) ?? null;
      if (cacheOf(name).want(desired, users.get(name) ?? [])) changed.push(name);
    }
    forgetTheGone(next);
    return changed;
  }

  /** Nothing is kept for what no spec and no profile names any more: the controller runs for months. */
  function forgetTheGone({ workspaces }: DesiredSnapshot): void {
    for (const name of lastUses.keys()) if (!workspaces.has(name)) lastUses.delete(name);
    for (const name of firstStarts) if (!workspaces.has(name)) firstStarts.delete(name);
    const held = [...workspaces.values()].flatMap((workspace) => {
      const cache = caches.get(workspace.creation.cache ?? '');
      return cache === undefined ? [] : [cache.environments.profileKey(workspace.name), wantedKey(workspace)];
    });
    const used = new Set(held);
    for (const key of packagesOf.keys()) if (!used.has(key)) packagesOf.delete(key);
  }

  function wantedKey({ creation, packages }: DesiredWorkspace): string | null {
    const config = snapshot?.caches.get(creation.cache ?? '')?.config;
    return config === undefined ? null : environmentRequest(config.nixpkgs, packages).key;
  }

  /** Keepers on the engine that our files made: a spec that went while we were down leaves one. */
  function ownKeepers(): string[] {
    return [...view.containers.values()].flatMap(({ name, labels }) =>
      labels[LABEL.type] === CONTAINER_TYPE.keeper && labels[LABEL.cacheOwner] === instance
        ? (cacheOfKeeperName(name) ?? [])
        : [],
    );
  }

  async function reconcile(name: string, calls: CallOptions): Promise<CacheOutcome> {
    const cache = cacheOf(name);
    const outcome = await cache.reconcile(calls);
    await images.sweep(view.containers.values(), calls);
    const settled = outcome.operations === 0 && outcome.failure === null;
    const recheckMs = settled && snapshot?.complete === true ? await cache.releaseImages(calls) : null;
    if (snapshot !== null && !snapshot.caches.has(name) && outcome.operations === 0) {
      if (!ownKeepers().includes(name) && !(usersByCache(snapshot).get(name)?.length ?? 0)) forget(name);
    }
    return { ...outcome, recheckMs: outcome.recheckMs ?? recheckMs };
  }

  function forget(name: string): void {
    caches.delete(name);
    deps.emit({
      type: 'reported',
      report: {
        name,
        verdict: { kind: 'removed' },
        spec: { location: null, problem: null },
        volume: '',
        keeper: null,
        storeBytes: null,
        storePaths: null,
        environments: 0,
        workspaces: [],
        underWay: [],
        totals: NO_TOTALS,
        gc: null,
      },
    });
  }

  function hasContainer(workspace: string): boolean {
    return [...view.containers.values()].some(({ name }) => name === containerName(workspace));
  }

  /** What the planner has to know; null without a cache. `imageIds`: of the container that is there, and of the spec's image. */
  function observe(workspace: DesiredWorkspace, imageIds: readonly string[]): CacheObservation | null {
    const name = workspace.creation.cache;
    if (name === null) return null;
    const cache = caches.get(name);
    const config = snapshot?.caches.get(name)?.config;
    const image = imageOf(workspace, imageIds, cache, config?.trustedImages ?? []);
    const common = {
      cache: name,
      mustStop: cache?.isClearing() ?? false,
      migration: cache?.migration() ?? 'none',
      ...image,
    };
    if (cache === undefined || config === undefined) {
      const unavailable: Failure = { reason: 'CacheMissing', message: `there is no cache ${name}` };
      return {
        ...common,
        unavailable,
        profile: 'unknown',
        profilePackages: null,
        isRealised: false,
        progress: null,
        failure: null,
        retryMs: null,
        importFailure: null,
      };
    }
    const { environments } = cache;
    const { key } = environmentRequest(config.nixpkgs, workspace.packages);
    packagesOf.set(key, workspace.packages);
    const held = environments.profileKey(workspace.name);
    const failed = environments.failureOf(key);
    const isDue = failed !== null && failed.retryMs === 0;
    return {
      ...common,
      unavailable: deps.foresight === true ? null : cache.unavailable(),
      profile: profileState(workspace, held, key, environments.isTold() || deps.foresight === true),
      profilePackages:
        held === null ? null : (packagesOf.get(held) ?? environments.known(workspace.name)?.packages ?? null),
      isRealised: environments.isKnown(key),
      progress: environments.progressOf(workspace.name, key),
      failure: isDue ? null : (failed?.failure ?? null),
      retryMs: failed?.retryMs ?? null,
      importFailure: image.imageId === null ? null : cache.imports.failureOf(image.imageId),
    };
  }

  function imageOf(
    workspace: DesiredWorkspace,
    imageIds: readonly string[],
    cache: Cache | undefined,
    trusted: readonly string[],
  ): Pick<CacheObservation, 'image' | 'imageId'> {
    const states = imageIds.map((imageId): Pick<CacheObservation, 'image' | 'imageId'> => {
      const brings = images.bringsStore(imageId);
      if (brings === undefined) return { image: 'unknown', imageId };
      if (!brings) return { image: 'plain', imageId };
      if (cache?.imports.has(imageId) === true) return { image: 'imported', imageId };
      const isTrusted = isTrustedImage({ reference: workspace.creation.image, imageId }, trusted);
      return { image: isTrusted ? 'own' : 'refused', imageId };
    });
    return (
      states.find(({ image }) => image === 'refused' || image === 'own' || image === 'unknown') ??
      states[0] ?? { image: 'unknown', imageId: null }
    );
  }

  return {
    update,
    reconcile,
    observe,
    names: (): string[] => [...caches.keys()].sort(),
    isBusy: (): boolean => [...caches.values()].some((cache) => cache.isBusy()),
    keeperMoved(name: string): boolean {
      const keeper = [...view.containers.values()].find(
        (container) => cacheOfKeeperName(container.name) === name && !container.name.endsWith('.next'),
      );
      return caches.get(name)?.hasMoved(keeper) ?? true;
    },
    /** Whether images bring a store of their own; one probe an image, for good. */
    lookAtImage: (imageId: string, calls: CallOptions): Promise<void> => images.look(imageId, calls),
    foresee: (name: string, calls: CallOptions): Promise<KeeperPlan> => cacheOf(name).foresee(calls),

    /** The part of a plan that is not the engine's. */
    realise({ workspace, cache, packages }: Of<'realise-environment'>): void {
      const config = snapshot?.caches.get(cache)?.config;
      if (config !== undefined) cacheOf(cache).environments.request(workspace, config.nixpkgs, packages);
    },
    async inPlace({ workspace, cache, waitMs }: Of<'await-environment'>): Promise<boolean> {
      const config = snapshot?.caches.get(cache)?.config;
      const packages = snapshot?.workspaces.get(workspace)?.packages;
      if (config === undefined || packages === undefined) return false;
      return cacheOf(cache).environments.inPlace(workspace, environmentRequest(config.nixpkgs, packages).key, waitMs);
    },
    async importImage({ cache, imageId }: Of<'import-image'>, calls: CallOptions): Promise<void> {
      await cacheOf(cache).imports.take(imageId, (use) => images.withProbe(imageId, calls, use), calls);
    },

    /** A container of the workspace was made on what its profile held already. */
    noteCreated(workspace: string): void {
      const desired = snapshot?.workspaces.get(workspace);
      const cache = desired?.creation.cache == null ? undefined : caches.get(desired.creation.cache);
      if (desired === undefined || cache === undefined || desired.packages.length === 0) return;
      const { key } = environmentRequest(snapshot?.caches.get(cache.name)?.config.nixpkgs ?? '', desired.packages);
      if (firstStarts.delete(workspace)) return;
      if (cache.environments.progressOf(workspace, key) !== null) return void firstStarts.add(workspace);
      if (cache.environments.profileKey(workspace) !== key) return;
      const use = cache.noteWarmStart(workspace);
      if (use !== null) {
        lastUses.set(workspace, use);
        deps.emit({ type: 'linked', cache: cache.name, workspace, use });
      }
    },

    reportOf(workspace: DesiredWorkspace): WorkspaceCacheReport | null {
      const seen = observe(workspace, []);
      if (seen === null) return null;
      const { cache, unavailable, profile, progress, failure } = seen;
      return {
        cache,
        unavailable,
        packages: workspace.packages,
        profile,
        progress,
        failure,
        lastUse: lastUses.get(workspace.name) ?? null,
      };
    },

    /** Throws an error of one line when there is no such cache. */
    async collect(name: string, dryRun: boolean, onNews: (news: GcNews) => void): Promise<void> {
      const cache = caches.get(name);
      if (cache === undefined || snapshot?.caches.has(name) !== true) throw new Error(`there is no cache ${name}`);
      await cache.collect(dryRun, onNews);
    },

    /** Throws an error of one line when it is refused. */
    async clear(name: string, force: boolean, calls: CallOptions): Promise<string> {
      const cache = caches.get(name);
      if (cache === undefined || snapshot?.caches.has(name) !== true) throw new Error(`there is no cache ${name}`);
      try {
        return await cache.clear(force, calls);
      } catch (error) {
        throw error instanceof FailureError ? new Error(error.message, { cause: error }) : error;
      }
    },
  };
}

export type Caches = ReturnType<typeof createCaches>;
