import { Argument, type Command } from 'commander';
import type { CommandContext } from './context.js';
import { outputOf, stateDirOption } from './options.js';

export function registerDescribe(program: Command, { actions, finish }: CommandContext): void {
  const command = program.command('describe').description('show the conditions, the use of the cache and the recent events of one workspace');
  command
    .addArgument(new Argument('<resource>', 'the kind').choices(['workspace']))
    .argument('<name>', "the workspace's name")
    .addOption(stateDirOption())
    .addHelpText('after', '\nExit codes: 0, 1 unknown name or no controller answers.')
    .action(async (_resource: string, name: string, { stateDir }: { stateDir: string }) => {
      finish(await actions.describeWorkspace({ name, stateDir, output: outputOf(command) }));
    });
}
