/** What a command reads and writes besides its options; made in main.ts. */
export interface CliIo {
  /** Writes results, in whole lines, to stdout. */
  out(text: string): void;
  /** Writes errors, usage and progress to stderr, in whole lines but for a progress line that is rewritten. */
  err(text: string): void;
  /** The terminal's width, or null when stdout is no terminal. */
  readonly columns: number | null;
  /** The width of stderr's terminal, or null when it is none. */
  readonly errColumns: number | null;
  /** Whether stdout takes ANSI colours: it is a terminal, and NO_COLOR is not set. */
  readonly color: boolean;
  /** Milliseconds since the epoch. */
  now(): number;
}
