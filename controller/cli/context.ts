import type { Actions } from './actions.js';
import type { CliIo } from './io.js';

export interface CliContext {
  readonly actions: Actions;
  readonly io: CliIo;
  readonly version: string;
}

/** What a command's file gets: its actions, and where its exit code goes. */
export interface CommandContext {
  readonly actions: Actions;
  finish(code: number): void;
}
