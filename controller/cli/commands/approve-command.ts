import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { outputOf, stateDirOption } from '../options/run-options.js';

/** Adds `kalpana approve`. */
export function registerApprove(program: Command, { actions, finish }: CommandContext): void {
  const command = program.command('approve').description('confirm removals that the running controller holds back');
  command
    .argument('[name...]', 'workspaces; all that are held without one')
    .addOption(stateDirOption())
    .addHelpText('after', '\nExit codes: 0 approved, 1 no controller answers or a name is not held.')
    .action(async (names: string[], { stateDir }: { stateDir: string }) => {
      finish(await actions.approve({ names: names.length === 0 ? null : names, stateDir, output: outputOf(command) }));
    });
}
