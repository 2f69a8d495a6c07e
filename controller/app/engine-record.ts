/** The outcomes of the lists of the engine, for people and for `--once`. */
export interface EngineRecord {
  /** Why the last list failed, in one line; empty when it succeeded. */
  readonly detail: () => string;
  /** How many lists in a row have failed. */
  readonly failures: () => number;
  /** Records the outcome of a list; to be called after each one. */
  note(up: boolean, detail: string): void;
}

/** Creates the record, before the first list. */
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
