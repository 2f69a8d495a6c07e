import type { Actions } from './actions.js';
import type { CliIo } from './io.js';

export interface CliContext {
  readonly actions: Actions;
  readonly io: CliIo;
  readonly version: string;
}

/** What a command receives: the actions, and the function that accepts its exit code. */
export interface CommandContext {
  readonly actions: Actions;
  finish(code: number): void;
}
