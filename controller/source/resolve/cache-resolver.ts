import type { BuildBounds, CacheConfig, DesiredCache, KeeperResources, DesiredWorkspace } from '../../model/desired.js';
import type { GcConfig } from '../../model/gc-status.js';
import type { VerifyConfig } from '../../model/verify-status.js';
import { DEFAULT_CACHE } from '../../model/names.js';
import type {
  Builds,
  GarbageCollection,
  KeeperResources as Resources,
  NixCacheSpec,
  Verification,
} from '../../model/nix-cache.generated.js';
import { parseDurationMs, parseSizeBytes } from '../../model/quantity.js';
import { bindMounts } from './bind-mounts.js';
import { DEFAULT_CACHE_CONFIG } from '../check/cache-defaults.js';
import type { Merged, Wanted } from './merge.js';
import { by, distinct } from '../parse/order.js';
import { sameProblem } from '../parse/problem.js';
import type { CacheDefinition } from '../parse/spec-file.js';
import { specKey } from '../parse/spec-kind.js';

/** The cache for workspaces that name `default` while no spec defines it. */
const IMPLICIT_CACHE: DesiredCache = {
  name: DEFAULT_CACHE,
  location: null,
  config: DEFAULT_CACHE_CONFIG,
  problem: null,
};

export interface CacheResolver {
  /** The caches of one scan, by name. `workspaces` are all desired workspaces of the scan. */
  resolve(
    wanted: readonly Wanted<CacheDefinition>[],
    merged: Merged,
    workspaces: Iterable<DesiredWorkspace>,
  ): Map<string, DesiredCache>;
}

/**
 * Creates a resolver of cache definitions. It returns the same object again as long as nothing about a cache has
 * changed.
 */
export function createCacheResolver(): CacheResolver {
  const memory = new WeakMap<CacheDefinition, DesiredCache>();
  let wasImplicit = false;

  const resolveOnce = ({ definition, problem }: Wanted<CacheDefinition>): DesiredCache => {
    const before = memory.get(definition);
    if (before && sameProblem(before.problem, problem)) return before;
    const desired: DesiredCache = {
      name: definition.name,
      location: definition.location,
      config: cacheConfig(definition.cache.spec ?? {}),
      problem,
    };
    memory.set(definition, desired);
    return desired;
  };

  return {
    resolve(wanted, merged, workspaces) {
      const caches = new Map(wanted.map((item) => [item.definition.name, resolveOnce(item)]));
      // A broken spec may define this cache, by its name or by a name that cannot be read; unknown is not absent (law
      // 2).
      const isOpen =
        !caches.has(DEFAULT_CACHE) &&
        !merged.claimed.has(specKey('NixCache', DEFAULT_CACHE)) &&
        (wasImplicit || !merged.hidesCache);
      wasImplicit = isOpen && [...workspaces].some(({ creation }) => creation.cache === DEFAULT_CACHE);
      if (wasImplicit) caches.set(DEFAULT_CACHE, IMPLICIT_CACHE);
      return caches;
    },
  };
}

/** Fills in the defaults, and sorts the lists whose order has no meaning. */
function cacheConfig(spec: NixCacheSpec): CacheConfig {
  const config = { ...DEFAULT_CACHE_CONFIG, ...spec };
  return {
    ...config,
    trustedPublicKeys: distinct(config.trustedPublicKeys),
    trustedImages: distinct(config.trustedImages),
    mounts: bindMounts(spec.mounts ?? []).sort(by((mount) => mount.target)),
    prewarm: distinct(config.prewarm),
    builds: buildBounds(spec.builds ?? {}),
    resources: keeperResources(spec.resources ?? {}),
    gc: gcConfig(spec.gc ?? {}),
    verify: verifyConfig(spec.verify ?? {}),
  };
}

function buildBounds({ timeout, maxSilent }: Builds): BuildBounds {
  const defaults = DEFAULT_CACHE_CONFIG.builds;
  return {
    timeoutMs: durationMs(timeout) ?? defaults.timeoutMs,
    maxSilentMs: durationMs(maxSilent) ?? defaults.maxSilentMs,
  };
}

function keeperResources({ cpus, memory, pids }: Resources): KeeperResources {
  const defaults = DEFAULT_CACHE_CONFIG.resources;
  return {
    nanoCpus: cpus === undefined ? defaults.nanoCpus : Math.round(cpus * 1e9),
    memoryBytes: sizeBytes(memory),
    pids: pids ?? defaults.pids,
  };
}

function gcConfig(gc: GarbageCollection): GcConfig {
  const defaults = DEFAULT_CACHE_CONFIG.gc;
  return {
    schedule: gc.schedule ?? defaults.schedule,
    timeZone: gc.timeZone ?? defaults.timeZone,
    retainMs: durationMs(gc.retain) ?? defaults.retainMs,
    graceMs: durationMs(gc.grace) ?? defaults.graceMs,
    maxBytes: sizeBytes(gc.maxBytes),
    maxFreedPerRun: sizeBytes(gc.maxFreedPerRun),
    optimise: gc.optimise ?? defaults.optimise,
    deadlineMs: durationMs(gc.deadline) ?? defaults.deadlineMs,
    suspend: gc.suspend ?? defaults.suspend,
  };
}

function verifyConfig({ share, ...schedule }: Verification): VerifyConfig {
  const defaults = DEFAULT_CACHE_CONFIG.verify;
  return { ...defaults, ...schedule, share: share === undefined ? defaults.share : Number.parseInt(share, 10) };
}

function durationMs(text: string | undefined): number | null {
  return text === undefined ? null : parseDurationMs(text);
}

function sizeBytes(text: string | undefined): number | null {
  return text === undefined ? null : parseSizeBytes(text);
}
