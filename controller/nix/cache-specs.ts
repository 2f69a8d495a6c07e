import type { DesiredCache } from '../model/desired.js';
import { environmentRequest } from './packages/environment-key.js';
import { PREWARM } from './packages/environments.js';

/** What the specs want from one cache. */
export interface CacheSpecs {
  /** The cache's own spec, or the defaults in its place; null when nothing names the cache any more. */
  desired(): DesiredCache | null;
  /** The workspaces whose spec names the cache, sorted. */
  workspaces(): readonly string[];
  /** The names of the wanted profiles: those of the workspaces, and the prewarmed one when there is one. */
  profiles(): readonly string[];
  /** The key of the environment of these packages in this cache; null when nothing names the cache. */
  environmentKey(packages: readonly string[]): string | null;
  /** Replaces what is known with what the specs want now. */
  take(desired: DesiredCache | null, workspaces: readonly string[]): SpecsChange;
}

export interface SpecsChange {
  /** Whether the desired cache differs from the previous one. */
  readonly isOther: boolean;
  /** Whether anything that is reported about the specs differs from before. */
  readonly isNews: boolean;
  /** The value of `profiles()` before the change. */
  readonly profilesBefore: readonly string[];
}

/** Creates specs that want nothing before the first `take`. */
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
