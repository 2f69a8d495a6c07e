import type { CacheStatus } from '../model/cache-status.js';
import { GC_RESULTS, ROOT_KINDS, type GcRun } from '../model/gc-status.js';
import type { Families } from './families.js';

export interface GcMetrics {
  /** Counts a collection. `appear` must have been called for its cache. */
  ended(cache: string, run: GcRun): void;
  /** Shows what the last collection found, and when a collection last succeeded. */
  observe(status: CacheStatus): void;
  /** Starts the series of a cache at 0. */
  appear(cache: string): void;
  /** Removes the series of a cache. */
  disappear(cache: string): void;
}

/** Creates the metrics of collections, which are a part of those of caches. */
export function createGcMetrics(families: Families): GcMetrics {
  const { gcRuns, gcFreed, gcSeconds, gcHeldSeconds, gcLastSuccess, nixRoots } = families;
  /**
   * The last success of each cache in seconds since the epoch. It is kept here, because a status contains few runs and
   * may have lost the last success.
   */
  const lastSuccess = new Map<string, number>();

  function noteSuccess(cache: string, run: GcRun | undefined): void {
    if (run?.result !== 'success') return;
    const at = run.startedAt / 1_000 + run.seconds;
    lastSuccess.set(cache, Math.max(at, lastSuccess.get(cache) ?? 0));
    gcLastSuccess.set({ cache }, lastSuccess.get(cache) ?? 0);
  }

  return {
    ended(cache, run) {
      gcRuns.inc({ cache, result: run.result });
      gcFreed.inc({ cache }, run.freedBytes);
      gcSeconds.observe({ cache }, run.seconds);
      gcHeldSeconds.observe({ cache }, run.heldSeconds);
      noteSuccess(cache, run);
    },
    observe({ name: cache, gc }) {
      // The run may be one of an earlier process.
      noteSuccess(
        cache,
        gc?.runs.find(({ result }) => result === 'success'),
      );
      for (const kind of ROOT_KINDS) nixRoots.set({ cache, kind }, gc?.roots?.[kind] ?? 0);
    },
    appear(cache) {
      for (const result of GC_RESULTS) gcRuns.inc({ cache, result }, 0);
      gcFreed.inc({ cache }, 0);
      gcSeconds.zero({ cache });
      gcHeldSeconds.zero({ cache });
      gcLastSuccess.set({ cache }, 0);
      for (const kind of ROOT_KINDS) nixRoots.set({ cache, kind }, 0);
    },
    disappear(cache) {
      lastSuccess.delete(cache);
      for (const result of GC_RESULTS) gcRuns.remove({ cache, result });
      for (const family of [gcFreed, gcSeconds, gcHeldSeconds, gcLastSuccess]) family.remove({ cache });
      for (const kind of ROOT_KINDS) nixRoots.remove({ cache, kind });
    },
  };
}
