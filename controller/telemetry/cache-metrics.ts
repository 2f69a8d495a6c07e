import { CACHE_PHASES, type CacheStatus, type CacheUse } from '../model/cache-status.js';
import type { GcRun } from '../model/gc-status.js';
import type { VerifyRun } from '../model/verify-status.js';
import type { Families } from './families.js';
import { createGcMetrics } from './gc-metrics.js';
import { createVerifyMetrics } from './verify-metrics.js';

const PATH_OUTCOMES = ['hit', 'fetched', 'built'] as const;
const BYTE_OUTCOMES = ['fetched', 'saved'] as const;
const TEMPERATURES = ['cold', 'warm'] as const;

export interface CacheMetrics {
  /** Counts that a workspace's environment was put in place. */
  cacheUsed(facts: { readonly cache: string; readonly use: CacheUse }): void;
  /** Counts a collection that has ended, with any result. */
  gcEnded(facts: { readonly cache: string; readonly run: GcRun }): void;
  /** Counts a verification that has ended, with any result. */
  verifyEnded(facts: { readonly cache: string; readonly run: VerifyRun }): void;
  /** Updates the metrics of all existing caches; the series of others are removed, including counters. */
  observeCaches(statuses: readonly CacheStatus[]): void;
}

/**
 * Creates the metrics of caches. The series of a cache begin at 0 when it is first seen, and end when `observeCaches`
 * does not include it.
 */
export function createCacheMetrics(families: Families): CacheMetrics {
  const { nixPaths, nixBytes, nixStoreBytes, nixKnownHoles, nixpkgsSupported, environmentSeconds, caches, cacheReady } =
    families;
  const parts = [createGcMetrics(families), createVerifyMetrics(families)] as const;
  const [collections, verifications] = parts;
  /** The caches that have series. */
  const known = new Set<string>();

  /**
   * Starts the series of a cache. A counter starts at 0, because otherwise `rate()` does not count the first increment.
   */
  function appear(cache: string): void {
    if (known.has(cache)) return;
    known.add(cache);
    for (const outcome of PATH_OUTCOMES) nixPaths.inc({ cache, outcome }, 0);
    for (const outcome of BYTE_OUTCOMES) nixBytes.inc({ cache, outcome }, 0);
    for (const temperature of TEMPERATURES) environmentSeconds.zero({ cache, temperature });
    for (const part of parts) part.appear(cache);
  }

  function disappear(cache: string): void {
    known.delete(cache);
    for (const outcome of PATH_OUTCOMES) nixPaths.remove({ cache, outcome });
    for (const outcome of BYTE_OUTCOMES) nixBytes.remove({ cache, outcome });
    for (const temperature of TEMPERATURES) environmentSeconds.remove({ cache, temperature });
    for (const part of parts) part.disappear(cache);
  }

  function observeCaches(statuses: readonly CacheStatus[]): void {
    const names = new Set(statuses.map(({ name }) => name));
    for (const cache of [...known].filter((name) => !names.has(name))) disappear(cache);
    const counts = new Map(CACHE_PHASES.map((phase) => [phase, 0]));
    for (const gauge of [nixStoreBytes, nixKnownHoles, nixpkgsSupported]) gauge.reset();
    cacheReady.reset();
    for (const status of statuses) {
      const { name, phase, storeBytes, knownHoles, conditions } = status;
      appear(name);
      for (const part of parts) part.observe(status);
      counts.set(phase, (counts.get(phase) ?? 0) + 1);
      cacheReady.set({ name }, phase === 'Ready' ? 1 : 0);
      if (knownHoles !== null) nixKnownHoles.set({ cache: name }, knownHoles.length);
      const supported = conditions.find(({ type }) => type === 'NixpkgsSupported')?.status;
      if (supported === 'True' || supported === 'False')
        nixpkgsSupported.set({ cache: name }, supported === 'True' ? 1 : 0);
      if (storeBytes !== null) nixStoreBytes.set({ cache: name }, storeBytes);
    }
    for (const [phase, count] of counts) caches.set({ phase }, count);
  }

  return {
    cacheUsed({ cache, use: { paths, bytes, seconds, temperature } }) {
      appear(cache);
      for (const outcome of PATH_OUTCOMES) nixPaths.inc({ cache, outcome }, paths[outcome]);
      nixBytes.inc({ cache, outcome: 'fetched' }, bytes.fetched);
      nixBytes.inc({ cache, outcome: 'saved' }, bytes.hit);
      environmentSeconds.observe({ cache, temperature }, seconds);
    },
    gcEnded({ cache, run }) {
      appear(cache);
      collections.ended(cache, run);
    },
    verifyEnded({ cache, run }) {
      appear(cache);
      verifications.ended(cache, run);
    },
    observeCaches,
  };
}
