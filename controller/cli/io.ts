/** What a command reads and writes besides its options; made in main.ts. */
export interface CliIo {
  /** Results: stdout. Whole lines. */
  out(text: string): void;
  /** Errors and usage: stderr. Whole lines. */
  err(text: string): void;
  /** The terminal's width, or null when stdout is no terminal. */
  readonly columns: number | null;
  /** ANSI colour on stdout: a terminal, and no NO_COLOR. */
  readonly color: boolean;
  /** Milliseconds since the epoch. */
  now(): number;
}
