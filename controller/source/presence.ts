import type { Definition } from './spec-file.js';

/** Editors and git replace a file by removing it first: one absence proves nothing. */
export const ABSENCE_MS = 500;

export interface Absences {
  /** Absent, and not yet provably: they stay as they were. */
  readonly pending: ReadonlySet<string>;
  /** Provably gone. */
  readonly removed: ReadonlySet<string>;
  /** Milliseconds until an absence could become proven; null when none is under way. */
  readonly lookAgainMs: number | null;
}

/** Remembers the last good definition of each workspace, and since when it has been absent. */
export interface Presence {
  readonly known: ReadonlyMap<string, Definition>;
  remember(definition: Definition): void;
  /** Judges the names that are known and not `present`. `isComplete`: the scan could have seen every one of them. */
  judge(present: (name: string) => boolean, isComplete: boolean, now: number): Absences;
  /** True when `name` was removed, and is unknown from now on. */
  forget(name: string): boolean;
}

export function createPresence(): Presence {
  const known = new Map<string, Definition>();
  const absentSince = new Map<string, number>();
  const removed = new Set<string>();

  const judgeOne = (name: string, isComplete: boolean, now: number): number | null => {
    if (removed.has(name)) return null;
    if (!isComplete) {
      // "Two complete scans in a row": an incomplete one between them starts the count anew.
      absentSince.delete(name);
      return null;
    }
    const since = absentSince.get(name) ?? now;
    absentSince.set(name, since);
    if (now - since < ABSENCE_MS) return since + ABSENCE_MS - now;
    absentSince.delete(name);
    removed.add(name);
    return null;
  };

  return {
    known,
    remember: (definition) => known.set(definition.name, definition),
    judge(present, isComplete, now) {
      const pending = new Set<string>();
      let lookAgainMs: number | null = null;
      for (const name of known.keys()) {
        if (present(name)) {
          absentSince.delete(name);
          removed.delete(name);
          continue;
        }
        const wait = judgeOne(name, isComplete, now);
        if (!removed.has(name)) pending.add(name);
        if (wait !== null) lookAgainMs = Math.min(wait, lookAgainMs ?? wait);
      }
      return { pending, removed: new Set(removed), lookAgainMs };
    },
    forget(name) {
      absentSince.delete(name);
      return removed.delete(name) && known.delete(name);
    },
  };
}
