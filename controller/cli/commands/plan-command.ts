import { Option, type Command } from 'commander';
import { PLAN_FORMATS, type PlanCommandOptions } from '../actions.js';
import type { CommandContext } from '../context.js';
import { parseRef } from '../options/git-parsers.js';
import { addOptions, outputOf, planOptions, readPlanOptions } from '../options/run-options.js';

/** Adds `kalpana plan`. */
export function registerPlan(program: Command, { actions, finish }: CommandContext): void {
  const command = program
    .command('plan')
    .description('show what run would do now, with the cause of each step; changes nothing');
  addOptions(command, planOptions())
    .addOption(
      new Option(
        '--against <ref>',
        'compare the one --git with another branch, tag or commit of it; needs no engine',
      ).argParser(parseRef),
    )
    .addOption(new Option('--format <format>', 'of a comparison').choices(PLAN_FORMATS).default('text'))
    .addHelpText('after', '\nExit codes: 0 nothing to do, 2 changes, 1 error.')
    .action(async () => finish(await actions.plan(readOptions(command))));
}

function readOptions(command: Command): PlanCommandOptions {
  const { against, format } = command.opts<{ against?: string; format: PlanCommandOptions['format'] }>();
  const options = { ...readPlanOptions(command), against: against ?? null, format };
  if (against !== undefined && (options.git.length !== 1 || options.specs.length > 0))
    command.error('error: --against compares one repository: give --git once, and no --specs');
  if (against === undefined && format !== 'text')
    command.error('error: --format is for --against; for machines there is -o json');
  if (format !== 'text' && outputOf(command) !== 'text') command.error('error: give --format or -o, not both');
  return options;
}
