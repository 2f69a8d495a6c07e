import { Option, type Command } from 'commander';
import { VALIDATE_FORMATS, type ValidateFormat } from '../actions.js';
import type { CommandContext } from '../context.js';
import { outputOf } from '../options/run-options.js';

/** Adds `kalpana validate`. */
export function registerValidate(program: Command, { actions, finish }: CommandContext): void {
  const command = program.command('validate').description('check specs offline; prints file:line:column: message');
  command
    .argument('<path...>', 'files and directories')
    .addOption(
      new Option('--format <format>', "'github' prints annotations").choices(VALIDATE_FORMATS).env('KALPANA_FORMAT'),
    )
    .addHelpText('after', '\nExit codes: 0 valid, 1 invalid.')
    .action(async (paths: string[], options: { format?: ValidateFormat }) => {
      finish(await actions.validate({ paths, format: options.format ?? outputOf(command) }));
    });
}
