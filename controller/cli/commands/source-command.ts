import { Argument, type Command } from 'commander';
import { SOURCE_ACTIONS, type SourceAction } from '../../model/git.js';
import type { CommandContext } from '../context.js';
import { outputOf, stateDirOption } from '../options/run-options.js';

/** Adds `kalpana source`. */
export function registerSource(program: Command, { actions, finish }: CommandContext): void {
  const command = program.command('source').description('act on a git source of the running controller');
  command
    .addArgument(
      new Argument('<action>', 'look at its server now; apply nothing new from it; apply again').choices(
        SOURCE_ACTIONS,
      ),
    )
    .argument('<name>', 'its name, as get sources shows it behind git:')
    .addOption(stateDirOption())
    .addHelpText('after', '\nExit codes: 0, 1 no such source or no controller answers.')
    .action(async (action: SourceAction, name: string, { stateDir }: { stateDir: string }) =>
      finish(await actions.source({ action, name, stateDir, output: outputOf(command) })),
    );
}
