import type { Definition } from './parse/spec-file.js';

/**
 * How long a spec must be absent before it counts as gone, in ms. Editors and git replace a file by removing it first,
 * so one absence proves nothing.
 */
export const ABSENCE_MS = 500;

export interface Absences {
  /** Keys that are absent but not provably gone; their objects stay unchanged. */
  readonly pending: ReadonlySet<string>;
  /** Keys that are provably gone. */
  readonly removed: ReadonlySet<string>;
  /** Milliseconds until an absence could be proven; null when none is pending. */
  readonly lookAgainMs: number | null;
}

/** Remembers the last good definition of each object by its key, and since when it has been absent. */
export interface Presence {
  readonly known: ReadonlyMap<string, Definition>;
  remember(definition: Definition): void;
  /**
   * Judges the known keys that are not `present`. `isComplete` means that the scan could have seen every one of them.
   */
  judge(present: (key: string) => boolean, isComplete: boolean, now: number): Absences;
  /** Forgets a removed key; returns false, without effect, for any other key. */
  forget(key: string): boolean;
}

/** Creates a presence without any objects. Only objects that were remembered can become absent. */
export function createPresence(): Presence {
  const known = new Map<string, Definition>();
  const absentSince = new Map<string, number>();
  const removed = new Set<string>();

  const judgeOne = (key: string, isComplete: boolean, now: number): number | null => {
    if (removed.has(key)) return null;
    if (!isComplete) {
      // An absence needs two complete scans in a row, so an incomplete scan between them starts the count again.
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
