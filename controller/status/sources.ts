import type { SpecProblem } from '../model/desired.js';
import type { GitStatus } from '../model/git.js';

/** What is known of one source of specs, for people and metrics. */
export interface SourceSummary {
  readonly id: string;
  /** Milliseconds since the epoch of the last whole read; null before the first. */
  readonly lastSuccess: number | null;
  /** Law 2: nothing is deleted before every source was read once. */
  readonly readOnce: boolean;
  readonly specs: {
    readonly valid: number;
    readonly invalid: number;
    /** Of the invalid ones: those whose last good version is in force. */
    readonly lastGood: number;
  };
  readonly problems: readonly SpecProblem[];
  /** Null: a directory. */
  readonly git: GitStatus | null;
}
