import type { GcRun, GcTrigger, RootCounts } from '../../model/gc-status.js';

/**
 * What outlives the controller of one cache's collections. It can be lost: then nothing is owed, and what is gone is
 * gone since now.
 */
export interface GcRecord {
  /** ms since the epoch. */
  readonly knownSince: number;
  /** The newest first. */
  readonly runs: readonly GcRun[];
  /** A run that has not ended; found at a start, it was interrupted. */
  readonly underWay: { readonly startedAt: number; readonly trigger: GcTrigger } | null;
  /** Workspaces that no spec names any more: since when. */
  readonly goneSince: Readonly<Record<string, number>>;
  /**
   * Where each workspace mounts its data volume, or did while it was there: its spec is gone by the time that this is
   * asked for.
   */
  readonly mountPaths: Readonly<Record<string, string>>;
  readonly roots: RootCounts | null;
  /** The size that a run left over `maxBytes`. */
  readonly lastOver: { readonly at: number; readonly bytes: number } | null;
}

export interface GcRecordFile {
  load(): GcRecord | null;
  save(record: GcRecord): void;
}

export const RUNS_KEPT = 20;

/** The record of a cache without collections, known since `now` (ms since the epoch). */
export function newGcRecord(now: number): GcRecord {
  return { knownSince: now, runs: [], underWay: null, goneSince: {}, mountPaths: {}, roots: null, lastOver: null };
}

/** The latest start that counts against the schedule: of a run that came to its end. */
export function lastRunAt({ runs }: GcRecord): number | null {
  return runs[0]?.startedAt ?? null;
}
