import type { CliIo } from '../cli/io.js';

/** What a command receives from the process that runs it. Only `main.ts` reads the process itself. */
export interface Surroundings {
  /** The environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home directory. */
  readonly home: string;
  readonly version: string;
  readonly io: CliIo;
  /** Whether stderr is a terminal. */
  readonly stderrIsTerminal: boolean;
  /** Aborts on SIGTERM and SIGINT. */
  readonly signal: AbortSignal;
}
