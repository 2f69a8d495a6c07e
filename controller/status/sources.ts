import type { SpecProblem } from '../model/desired.js';
import { problemText } from '../model/problem-text.js';
import type { NewEvent } from '../model/status.js';
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
    /** How many of the invalid ones have a last good version in force. */
    readonly lastGood: number;
  };
  readonly problems: readonly SpecProblem[];
  /** Null: a directory. */
  readonly git: GitStatus | null;
}

/** An event for each problem of `next` that `before` did not have. Problems of a workspace come with its own report. */
export function problemEvents(before: readonly SourceSummary[], next: readonly SourceSummary[]): NewEvent[] {
  const known = new Set(before.flatMap((source) => source.problems.map(problemText)));
  const messages = next
    .flatMap((source) => source.problems)
    .filter(({ workspace }) => workspace === null)
    .map(problemText);
  return [...new Set(messages)]
    .filter((message) => !known.has(message))
    .map((message) => ({ type: 'Warning', workspace: null, reason: 'SpecInvalid', message }));
}
