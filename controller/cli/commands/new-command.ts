import { Argument, Option, type Command } from 'commander';
import type { CommandContext } from '../context.js';
import { parseDnsLabel, parseImage, parsePackages } from '../options/parsers.js';

/** Adds `kalpana new`. */
export function registerNew(program: Command, { actions, finish }: CommandContext): void {
  program
    .command('new')
    .description('print a valid spec; save it as NAME.json among the specs')
    .addArgument(new Argument('<name>', "the workspace's name").argParser(parseDnsLabel))
    .addOption(
      new Option('--image <image>', 'the image to run')
        .env('KALPANA_IMAGE')
        .argParser(parseImage)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--packages <list>', 'Nix packages, with commas between them')
        .env('KALPANA_PACKAGES')
        .argParser(parsePackages),
    )
    .action(async (name: string, { image, packages = [] }: { image: string; packages?: readonly string[] }) => {
      finish(await actions.newWorkspace({ name, image, packages }));
    });
}
