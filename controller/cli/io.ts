/** What a command reads and writes besides its options; made in main.ts. */
export interface CliIo {
  /** Results: stdout. Whole lines. */
  out(text: string): void;
  /** Errors, usage and progress: stderr. Whole lines, but for a progress that is rewritten. */
  err(text: string): void;
  /** The terminal's width, or null when stdout is no terminal. */
  readonly columns: number | null;
  /** The width of stderr's terminal, or null when it is none. */
  readonly errColumns: number | null;
  /** ANSI colour on stdout: a terminal, and no NO_COLOR. */
  readonly color: boolean;
  /** Milliseconds since the epoch. */
  now(): number;
}
