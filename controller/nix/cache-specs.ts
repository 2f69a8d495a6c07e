import type { DesiredCache } from '../model/desired.js';
import { environmentRequest } from './packages/environment-key.js';
import { PREWARM } from './packages/environments.js';

/** What the specs want of one cache. */
export interface CacheSpecs {
  /** The cache's own spec, or the defaults that stand for it; null: nothing names the cache any more. */
  desired(): DesiredCache | null;
  /** Workspaces whose spec names the cache, sorted. */
  workspaces(): readonly string[];
  /** Names of the profiles that are wanted: those of the workspaces, and the prewarmed one while there is one. */
  profiles(): readonly string[];
  /** The key of the environment of these packages in this cache; null while nothing names the cache. */
  environmentKey(packages: readonly string[]): string | null;
  /** Takes over what the specs want now. */
  take(desired: DesiredCache | null, workspaces: readonly string[]): SpecsChange;
}

export interface SpecsChange {
  /** The cache is to be something else than before. */
  readonly isOther: boolean;
  /** Something that is reported of the specs is other than before. */
  readonly isNews: boolean;
  /** `profiles()` as it was before. */
  readonly profilesBefore: readonly string[];
}

/** Nothing is wanted before `take`. */
export function createCacheSpecs(): CacheSpecs {
  let desired: DesiredCache | null = null;
  let workspaces: readonly string[] = [];

  function profiles(): readonly string[] {
    return (desired?.config.prewarm.length ?? 0) > 0 ? [...workspaces, PREWARM] : workspaces;
  }

  return {
    desired: () => desired,
    workspaces: () => workspaces,
    profiles,
    environmentKey: (packages) => (desired === null ? null : environmentRequest(desired.config.nixpkgs, packages).key),
    take(next, users) {
      const isOther = JSON.stringify(desired?.config ?? null) !== JSON.stringify(next?.config ?? null);
      const isNews =
        isOther || users.join() !== workspaces.join() || desired?.problem?.message !== next?.problem?.message;
      const profilesBefore = profiles();
      desired = next;
      workspaces = users;
      return { isOther, isNews, profilesBefore };
    },
  };
}
