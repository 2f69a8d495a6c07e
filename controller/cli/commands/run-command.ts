import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { addOptions, readRunOptions, runOptions } from '../options/run-options.js';

/** Adds `kalpana run`. */
export function registerRun(program: Command, { actions, finish }: CommandContext): void {
  const command = program.command('run').description('keep the workspaces on the engine as their specs describe them');
  addOptions(command, runOptions())
    .addHelpText('after', '\nExit codes: 0 after SIGTERM or SIGINT; with --once 0 when all is Ready, 1 otherwise.')
    .action(async () => finish(await actions.run(readRunOptions(command))));
}
