import type { Definition } from './parse/spec-file.js';

/** Editors and git replace a file by removing it first: one absence proves nothing. */
export const ABSENCE_MS = 500;

export interface Absences {
  /** Keys that are absent but not provably gone: they stay as they were. */
  readonly pending: ReadonlySet<string>;
  /** Keys that are provably gone. */
  readonly removed: ReadonlySet<string>;
  /** Milliseconds until an absence could become proven; null when none is under way. */
  readonly lookAgainMs: number | null;
}

/** Remembers the last good definition of each object by its key, and since when it has been absent. */
export interface Presence {
  readonly known: ReadonlyMap<string, Definition>;
  remember(definition: Definition): void;
  /** Judges the keys that are known and not `present`. `isComplete`: the scan could have seen every one of them. */
  judge(present: (key: string) => boolean, isComplete: boolean, now: number): Absences;
  /** Makes a removed key unknown; false, and without effect, for any other. */
  forget(key: string): boolean;
}

/** Knows no object yet: `remember` makes one known, and `judge` counts only known ones as absent. */
export function createPresence(): Presence {
  const known = new Map<string, Definition>();
  const absentSince = new Map<string, number>();
  const removed = new Set<string>();

  const judgeOne = (key: string, isComplete: boolean, now: number): number | null => {
    if (removed.has(key)) return null;
    if (!isComplete) {
      // "Two complete scans in a row": an incomplete one between them starts the count anew.
      absentSince.delete(key);
      return null;
    }
    const since = absentSince.get(key) ?? now;
    absentSince.set(key, since);
    if (now - since < ABSENCE_MS) return since + ABSENCE_MS - now;
    absentSince.delete(key);
    removed.add(key);
    return null;
  };

  return {
    known,
    remember: (definition) => known.set(definition.key, definition),
    judge(present, isComplete, now) {
      const pending = new Set<string>();
      let lookAgainMs: number | null = null;
      for (const key of known.keys()) {
        if (present(key)) {
          absentSince.delete(key);
          removed.delete(key);
          continue;
        }
        const wait = judgeOne(key, isComplete, now);
        if (!removed.has(key)) pending.add(key);
        if (wait !== null) lookAgainMs = Math.min(wait, lookAgainMs ?? wait);
      }
      return { pending, removed: new Set(removed), lookAgainMs };
    },
    forget(key) {
      absentSince.delete(key);
      return removed.delete(key) && known.delete(key);
    },
  };
}
