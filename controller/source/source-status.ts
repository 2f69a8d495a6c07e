import type { SpecProblem } from '../model/desired.js';
import type { GitStatus } from '../model/git.js';
import type { Wanted } from './resolve/merge.js';
import type { SourceReader } from './files/source-reader.js';
import type { SourceReading } from './parse/spec-file.js';

export interface SourceStatus {
  /** The id, `dir:<path>` or `git:<name>`. */
  readonly id: string;
  /** When the source was last read completely, in ms since the epoch. */
  readonly lastSuccess: number | null;
  /** Whether the source was read completely at least once. */
  readonly readOnce: boolean;
  /**
   * `invalid` counts objects and files that are not in force; `lastGood` counts objects that run with an earlier
   * version.
   */
  readonly specs: { readonly valid: number; readonly invalid: number; readonly lastGood: number };
  readonly problems: readonly SpecProblem[];
  /** The status of a git source; null for a directory. */
  readonly git: GitStatus | null;
}

type Kept = Omit<SourceStatus, 'git'>;

export interface StatusBook {
  record(
    readings: readonly SourceReading[],
    wanted: readonly Wanted[],
    problems: readonly SpecProblem[],
    now: number,
  ): void;
  all(): readonly SourceStatus[];
}

/** Keeps what the last scan found in each source; before the first scan every source counts as unread. */
export function createStatusBook(readers: readonly SourceReader[]): StatusBook {
  const gitOf = new Map(readers.map(({ id, git }) => [id, git]));
  let statuses = readers.map(({ id }): Kept => ({
    id,
    lastSuccess: null,
    readOnce: false,
    specs: { valid: 0, invalid: 0, lastGood: 0 },
    problems: [],
  }));
  return {
    record(readings, wanted, problems, now) {
      const before = new Map(statuses.map((status) => [status.id, status]));
      statuses = readings.map((reading) => ({
        id: reading.id,
        lastSuccess: reading.isWhole ? now : (before.get(reading.id)?.lastSuccess ?? null),
        readOnce: (reading.isRead ?? reading.isWhole) || (before.get(reading.id)?.readOnce ?? false),
        specs: countSpecs(reading, wanted),
        problems: problems.filter((problem) => problem.location.source === reading.id),
      }));
    },
    // Computed at each call, so that a fetch is shown when it has ended and not when a scan has seen it.
    all: () => statuses.map((status) => ({ ...status, git: gitOf.get(status.id)?.() ?? null })),
  };
}

function countSpecs(reading: SourceReading, wanted: readonly Wanted[]): SourceStatus['specs'] {
  const own = wanted.filter((item) => item.definition.location.source === reading.id);
  const valid = own.filter((item) => item.isNewest).length;
  const found = reading.files.reduce(
    (sum, file) => sum + file.definitions.length + (file.isSettling ? 0 : file.refusals.length),
    0,
  );
  return { valid, invalid: Math.max(0, found - valid), lastGood: own.length - valid };
}
