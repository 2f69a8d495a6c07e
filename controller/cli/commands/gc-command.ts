import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { outputOf, stateDirOption } from '../options/run-options.js';

/** Adds `kalpana gc`. */
export function registerGc(program: Command, { actions, finish }: CommandContext): void {
  const command = program
    .command('gc')
    .description('delete what no workspace uses any more from the Nix stores of caches');
  command
    .argument('[cache]', 'one cache; all of them without one, one after the other')
    // The option has no variable, like --force of `cache clear`: only the command line decides what is deleted.
    .option('--dry-run', 'only show what would go, and what keeps the rest', false)
    .addOption(stateDirOption())
    .addHelpText(
      'after',
      '\nMay take minutes, and goes on in the controller when this command is interrupted.\n\n' +
        'Exit codes: 0 collected or shown, 1 refused, aborted (nothing was deleted), failed, unknown name, ' +
        'or no controller answers.',
    )
    .action(async (cache: string | undefined, { stateDir, dryRun }: { stateDir: string; dryRun: boolean }) => {
      finish(await actions.gc({ cache: cache ?? null, dryRun, stateDir, output: outputOf(command) }));
    });
}
