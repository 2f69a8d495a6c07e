import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { outputOf, stateDirOption } from '../options/run-options.js';

/** Adds `kalpana cache status`, `cache verify` and `cache clear`. */
export function registerCache(program: Command, context: CommandContext): void {
  const command = program
    .command('cache')
    .description('look at the Nix store that workspaces share, verify it, or empty it');
  registerStatus(command, context);
  registerVerify(command, context);
  registerClear(command, context);
}

function registerStatus(parent: Command, { actions, finish }: CommandContext): void {
  const command = parent
    .command('status')
    .description('show size, hits and savings of a cache, its keeper, and what is under way');
  command
    .argument('[cache]', "the cache's name", 'default')
    .addOption(stateDirOption())
    .addHelpText('after', '\nExit codes: 0, 1 unknown name or no controller answers.')
    .action(async (cache: string, { stateDir }: { stateDir: string }) => {
      finish(await actions.cacheStatus({ cache, stateDir, output: outputOf(command) }));
    });
}

function registerVerify(parent: Command, { actions, finish }: CommandContext): void {
  const command = parent
    .command('verify')
    .description('look whether every path of a cache is as it was registered: each file is read');
  command
    .argument('[cache]', "the cache's name", 'default')
    // The option has no variable, like --force of `cache clear`.
    .option('--repair', 'fetch or build once more what is damaged', false)
    .addOption(stateDirOption())
    .addHelpText(
      'after',
      '\nMay take long, and goes on in the controller when this command is interrupted. A collection ends it.\n\n' +
        'Exit codes: 0 everything is whole, or was mended, 1 damaged, refused, ended before all was looked at, ' +
        'unknown name, or no controller answers.',
    )
    .action(async (cache: string, { stateDir, repair }: { stateDir: string; repair: boolean }) => {
      finish(await actions.cacheVerify({ cache, repair, stateDir, output: outputOf(command) }));
    });
}

function registerClear(parent: Command, { actions, finish }: CommandContext): void {
  const command = parent
    .command('clear')
    .description('empty a cache and fetch again what its workspaces need; their data volumes are never touched');
  command
    .argument('<cache>', "the cache's name")
    // The option has no variable, so that an environment that was set for another purpose cannot stop workspaces.
    .option('--force', 'also while its workspaces run: they are stopped, and started again afterwards', false)
    .addOption(stateDirOption())
    .addHelpText(
      'after',
      '\nMay take minutes.\n\n' +
        'Exit codes: 0 emptied, 1 refused because workspaces run, failed, unknown name, or no controller answers.',
    )
    .action(async (cache: string, { stateDir, force }: { stateDir: string; force: boolean }) => {
      finish(await actions.cacheClear({ cache, force, stateDir, output: outputOf(command) }));
    });
}
