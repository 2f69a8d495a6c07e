import type { CacheStatus } from '../model/cache-status.js';
import { GC_RESULTS, ROOT_KINDS, type GcRun } from '../model/gc-status.js';
import type { Families } from './families.js';

export interface GcMetrics {
  /** Before its cache's first look, too: `appear` is called first. */
  ended(cache: string, run: GcRun): void;
  observe(status: CacheStatus): void;
  appear(cache: string): void;
  disappear(cache: string): void;
}

/** The collections' part of the caches' metrics. */
export function createGcMetrics(families: Families): GcMetrics {
  const { gcRuns, gcFreed, gcSeconds, gcHeldSeconds, gcLastSuccess, nixRoots } = families;
  /** Seconds since the epoch: the runs that a status remembers are too few to find it there for ever. */
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
      // From an earlier process, too.
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
