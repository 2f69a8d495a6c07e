import type { Command } from 'commander';
import type { CommandContext } from './context.js';
import { addOptions, planOptions, readPlanOptions } from './options.js';

export function registerPlan(program: Command, { actions, finish }: CommandContext): void {
  const command = program.command('plan').description('show what run would do now, with the cause of each step; changes nothing');
  addOptions(command, planOptions())
    .addHelpText('after', '\nExit codes: 0 nothing to do, 2 changes, 1 error.')
    .action(async () => finish(await actions.plan(readPlanOptions(command))));
}
