import { Argument, type Command } from 'commander';
import type { CommandContext } from '../context.js';
import { isWide, outputOf, stateDirOption } from '../options/run-options.js';

/** Adds `kalpana get`. */
export function registerGet(program: Command, { actions, finish }: CommandContext): void {
  const command = program.command('get').description('list what the running controller keeps');
  command
    .addArgument(new Argument('<resource>', 'what to list').choices(['workspaces', 'caches', 'sources']))
    .addOption(stateDirOption())
    .addHelpText(
      'after',
      '\nWith -o wide, workspaces tell their source and the revision they were converged to.' +
        '\nExit codes: 0, 1 no controller answers.',
    )
    .action(async (resource: string, { stateDir }: { stateDir: string }) => {
      const options = { stateDir, output: outputOf(command) };
      if (resource === 'caches') return finish(await actions.getCaches(options));
      if (resource === 'sources') return finish(await actions.getSources(options));
      finish(await actions.getWorkspaces({ ...options, wide: isWide(command) }));
    });
}
