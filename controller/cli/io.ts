/** The input and output of commands apart from their options; created in main.ts. */
export interface CliIo {
  /** Writes results, in whole lines, to stdout. */
  out(text: string): void;
  /** Writes errors, usage and progress to stderr, in whole lines except for a progress line that is rewritten. */
  err(text: string): void;
  /** The width of the terminal, or null when stdout is not a terminal. */
  readonly columns: number | null;
  /** The width of the terminal at stderr, or null when it is not a terminal. */
  readonly errColumns: number | null;
  /** Whether stdout accepts ANSI colours: it is a terminal, and NO_COLOR is not set. */
  readonly color: boolean;
  /** The time in ms since the epoch. */
  now(): number;
}
