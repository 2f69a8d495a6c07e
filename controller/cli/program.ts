import { Command, CommanderError, Option } from 'commander';
import { OUTPUT_FORMATS } from './actions.js';
import { registerApprove } from './commands/approve-command.js';
import { registerCache } from './commands/cache-command.js';
import type { CliContext, CommandContext } from './context.js';
import { registerDescribe } from './commands/describe-command.js';
import { errorText } from './text/error-text.js';
import { EXIT } from './exit-codes.js';
import { registerGc } from './commands/gc-command.js';
import { registerGet } from './commands/get-command.js';
import { registerNew } from './commands/new-command.js';
import { registerPlan } from './commands/plan-command.js';
import { registerRun } from './commands/run-command.js';
import { registerSource } from './commands/source-command.js';
import { registerValidate } from './commands/validate-command.js';

/**
 * Runs the command line `args` (without node and the script), and resolves with the exit code. Never ends the process
 * itself.
 */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  let code: number = EXIT.ok;
  const program = createProgram(context, { actions: context.actions, finish: (result) => void (code = result) });
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    // Commander has already printed its one line.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.failed;
    context.io.err(`error: ${errorText(error)}\n`);
    return EXIT.failed;
  }
}

/** Creates the command line with all commands; parsing it runs one of them. */
export function createProgram({ io, version }: CliContext, commands: CommandContext): Command {
  const program = new Command('kalpana')
    .description('Keeps developer workspaces on a Docker engine as their specs describe them.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => io.err(text),
      getOutHelpWidth: () => io.columns ?? 100,
      getErrHelpWidth: () => io.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({ showGlobalOptions: true })
    .addOption(
      new Option('-o, --output <format>', 'format of the result')
        .choices([...OUTPUT_FORMATS, 'wide'])
        .default('text')
        .env('KALPANA_OUTPUT'),
    );
  registerRun(program, commands);
  registerPlan(program, commands);
  registerValidate(program, commands);
  registerApprove(program, commands);
  registerGet(program, commands);
  registerDescribe(program, commands);
  registerCache(program, commands);
  registerGc(program, commands);
  registerSource(program, commands);
  registerNew(program, commands);
  return program;
}
