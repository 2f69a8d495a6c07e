import type { CacheStatus } from '../model/cache-status.js';
import { VERIFY_RESULTS, type VerifyRun } from '../model/verify-status.js';
import type { Families } from './families.js';

export interface VerifyMetrics {
  /** Counts a verification. `appear` must have been called for its cache. */
  ended(cache: string, run: VerifyRun): void;
  /** Shows what is damaged, and when a verification last came to its end. */
  observe(status: CacheStatus): void;
  /** Starts the series of a cache at 0. */
  appear(cache: string): void;
  /** Removes the series of a cache. */
  disappear(cache: string): void;
}

/** Creates the metrics of verifications, which are a part of those of caches. */
export function createVerifyMetrics(families: Families): VerifyMetrics {
  const { verifyRuns, verifiedPaths, damagedPaths, verifyLastSuccess } = families;
  return {
    ended(cache, run) {
      verifyRuns.inc({ cache, result: run.result });
      verifiedPaths.inc({ cache }, run.verifiedPaths);
    },
    observe({ name: cache, verify }) {
      damagedPaths.set({ cache }, verify?.damaged.count ?? 0);
      // The run may be one of an earlier process.
      const last = verify?.runs.find(({ result }) => result !== 'aborted');
      if (last !== undefined) verifyLastSuccess.set({ cache }, last.startedAt / 1_000 + last.seconds);
    },
    appear(cache) {
      for (const result of VERIFY_RESULTS) verifyRuns.inc({ cache, result }, 0);
      verifiedPaths.inc({ cache }, 0);
      damagedPaths.set({ cache }, 0);
      verifyLastSuccess.set({ cache }, 0);
    },
    disappear(cache) {
      for (const result of VERIFY_RESULTS) verifyRuns.remove({ cache, result });
      for (const family of [verifiedPaths, damagedPaths, verifyLastSuccess]) family.remove({ cache });
    },
  };
}
