import { Argument, type Command } from 'commander';
import type { CommandContext } from '../context.js';
import { outputOf, stateDirOption } from '../options/run-options.js';

/** Adds `kalpana describe`. */
export function registerDescribe(program: Command, { actions, finish }: CommandContext): void {
  const command = program
    .command('describe')
    .description(
      'show the conditions and the recent events of one workspace or cache, and how the cache is used and collected',
    );
  command
    .addArgument(new Argument('<resource>', 'the kind').choices(['workspace', 'cache']))
    .argument('<name>', 'its name')
    .addOption(stateDirOption())
    .addHelpText('after', '\nExit codes: 0, 1 unknown name or no controller answers.')
    .action(async (resource: string, name: string, { stateDir }: { stateDir: string }) => {
      const options = { name, stateDir, output: outputOf(command) };
      finish(await (resource === 'cache' ? actions.describeCache(options) : actions.describeWorkspace(options)));
    });
}
