import { Argument, type Command } from 'commander';
import type { CommandContext } from './context.js';
import { outputOf, stateDirOption } from './options.js';

export function registerGet(program: Command, { actions, finish }: CommandContext): void {
  const command = program.command('get').description('list what the running controller keeps');
  command
    .addArgument(new Argument('<resource>', 'what to list').choices(['workspaces', 'caches']))
    .addOption(stateDirOption())
    .addHelpText('after', '\nExit codes: 0, 1 no controller answers.')
    .action(async (resource: string, { stateDir }: { stateDir: string }) => {
      const options = { stateDir, output: outputOf(command) };
      finish(await (resource === 'caches' ? actions.getCaches(options) : actions.getWorkspaces(options)));
    });
}
