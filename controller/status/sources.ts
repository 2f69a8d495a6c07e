import type { SpecProblem } from '../model/desired.js';
import { problemText } from '../model/problem-text.js';
import type { NewEvent } from '../model/status.js';
import type { GitStatus } from '../model/git.js';

/** A summary of one source of specs, for people and metrics. */
export interface SourceSummary {
  readonly id: string;
  /** When the source was last read completely, in ms since the epoch; null before the first time. */
  readonly lastSuccess: number | null;
  /** Nothing is removed before every source was read once (law 2). */
  readonly readOnce: boolean;
  readonly specs: {
    readonly valid: number;
    readonly invalid: number;
    /** How many of the invalid ones have a last good version in force. */
    readonly lastGood: number;
  };
  readonly problems: readonly SpecProblem[];
  /** The status of a git source; null for a directory. */
  readonly git: GitStatus | null;
}

/** The events for problems in `next` that `before` did not have. Problems of a workspace are part of its own report. */
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
