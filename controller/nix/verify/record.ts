import type { VerifyRun } from '../../model/verify-status.js';

/** What outlives the controller of one cache's verifications. When it is lost, the next run finds damage again. */
export interface VerifyRecord {
  /** Since when this record knows the cache, in ms since the epoch: what was scheduled before is not owed. */
  readonly knownSince: number;
  /** The newest first. */
  readonly runs: readonly VerifyRun[];
  /** The path after which the next share begins; null: with the first one. */
  readonly cursor: string | null;
  /** Paths that were damaged when they were last looked at, sorted. */
  readonly damaged: readonly string[];
  /** Those of them that a repair could not have again. */
  readonly lost: readonly string[];
}

export interface VerifyRecordFile {
  load(): VerifyRecord | null;
  save(record: VerifyRecord): void;
}

export const RUNS_KEPT = 20;
/**
 * As many paths as one variable of a command in the keeper can hold. A store with more damage than that has lost its
 * disk; what is beyond is found again by the next look through all of it.
 */
export const DAMAGED_KEPT = 400;

/** The record of a cache without verifications, known since `now` (ms since the epoch). */
export function newVerifyRecord(now: number): VerifyRecord {
  return { knownSince: now, runs: [], cursor: null, damaged: [], lost: [] };
}
