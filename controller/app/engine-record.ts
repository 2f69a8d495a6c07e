/** What the lists of the engine came to, for people and for `--once`. */
export interface EngineRecord {
  /** Why the last list failed, in one line; empty when it succeeded. */
  readonly detail: () => string;
  /** Lists in a row that failed. */
  readonly failures: () => number;
  /** To be called after each list. */
  note(up: boolean, detail: string): void;
}

/** The record before the first list. */
export function createEngineRecord(): EngineRecord {
  let last = 'the engine was not asked yet';
  let failures = 0;
  return {
    detail: () => last,
    failures: () => failures,
    note(up, detail) {
      last = detail;
      failures = up ? 0 : failures + 1;
    },
  };
}
