import type { Failure } from './reasons.js';

/** When and how much of a cache's store is verified without being asked; defaults are filled in. */
export interface VerifyConfig {
  /** A cron expression of five or six fields, in `timeZone`. */
  readonly schedule: string;
  /** A name from the IANA time zone database. */
  readonly timeZone: string;
  /** The percentage of the store's paths that a scheduled run looks at; null: none runs by schedule. */
  readonly share: number | null;
}

/** `missed`: a scheduled time that passed while no controller ran. */
export type VerifyTrigger = 'schedule' | 'missed' | 'request';

/** `damaged`: a path is not as it was registered, and could not be mended. `aborted`: not everything was looked at. */
export const VERIFY_RESULTS = ['intact', 'damaged', 'aborted'] as const;
export type VerifyResult = (typeof VERIFY_RESULTS)[number];

/** Store paths, of which only the first are named, sorted. */
export interface SomePaths {
  readonly count: number;
  readonly first: readonly string[];
}

/** What is damaged in a store as far as is known; it stays until a run finds it whole or gone. */
export interface StoreDamage {
  readonly damaged: SomePaths;
  /** Those of them that could not be had again. */
  readonly lost: SomePaths;
}

/** A verification that has ended. */
export interface VerifyRun extends StoreDamage {
  /** In ms since the epoch. */
  readonly startedAt: number;
  readonly trigger: VerifyTrigger;
  readonly repair: boolean;
  readonly result: VerifyResult;
  /** Why the run was aborted. */
  readonly failure: Failure | null;
  readonly seconds: number;
  /** The number of paths that were looked at, and their NAR bytes. */
  readonly verifiedPaths: number;
  readonly verifiedBytes: number;
  /** The number of valid paths in the store. */
  readonly totalPaths: number;
  /** Paths that were damaged, and were fetched or built once more. */
  readonly mended: SomePaths;
}

/** The messages that `kalpana cache verify` receives, one per line, as JSON. */
export type VerifyNews =
  | { readonly type: 'progress'; readonly cache: string; readonly message: string }
  | { readonly type: 'run'; readonly cache: string; readonly run: VerifyRun }
  | { readonly type: 'refused'; readonly cache: string; readonly message: string };

/** The verifications of one cache, as its status shows them. */
export interface VerifyStatus extends StoreDamage {
  readonly config: VerifyConfig;
  /** In ms since the epoch; null when none runs by schedule. */
  readonly nextRunAt: number | null;
  /** A message about the run under way, or null. */
  readonly underWay: string | null;
  /** The runs, the newest first. */
  readonly runs: readonly VerifyRun[];
}
