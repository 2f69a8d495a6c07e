import { Option, type Command } from 'commander';
import { applyConfig } from './config-file.js';
import { gitOptions } from './git-options.js';
import { readGit } from './git-settings.js';
import { LOG_LEVELS, type OutputFormat, type PlanOptions, type RunOptions } from '../actions.js';
import {
  parseBoolean,
  parseConcurrency,
  parseDnsLabel,
  parseDuration,
  parseHttpUrl,
  parseList,
  parseListen,
  parseSeconds,
  parseText,
} from './parsers.js';

/** Options as commander stores them, by attribute name. */
interface RawOptions {
  readonly specs?: readonly string[];
  readonly stateDir: string;
  readonly instance: string;
  readonly secretsDir?: string;
  readonly ageIdentityFile?: string;
  readonly logLevel: PlanOptions['logLevel'];
  readonly allowPrune: boolean;
  readonly config?: string;
  readonly listen: string;
  readonly resync: number;
  readonly concurrency: number;
  readonly once: boolean;
  readonly timeout: number;
  readonly notify?: string;
  readonly notifySecretFile?: string;
}

/** The option `--state-dir` of every command that contacts a controller. */
export function stateDirOption(): Option {
  return new Option('--state-dir <dir>', "the controller's directory")
    .default('.kalpana')
    .env('KALPANA_STATE_DIR')
    .argParser(parseText);
}

/** The options that `plan` and `run` share. */
export function planOptions(): Option[] {
  return [
    new Option('--specs <dir>', "directory of specs; give it again for more (variable: separate by ':')")
      .env('KALPANA_SPECS')
      .argParser(parseList),
    ...gitOptions(),
    stateDirOption(),
    new Option('--instance <name>', 'whose containers these are, of several controllers on one engine')
      .default('default')
      .env('KALPANA_INSTANCE')
      .argParser(parseDnsLabel),
    new Option('--secrets-dir <dir>', 'directory of the files that secretFile names')
      .env('KALPANA_SECRETS_DIR')
      .argParser(parseText),
    new Option('--age-identity-file <file>', 'age keys for the files that ageFile names in directories of specs')
      .env('KALPANA_AGE_IDENTITY_FILE')
      .argParser(parseText),
    new Option('--log-level <level>', 'least level that is logged')
      .choices(LOG_LEVELS)
      .default('info')
      .env('KALPANA_LOG_LEVEL'),
    flag('--allow-prune', 'confirm held deletions at once', 'KALPANA_ALLOW_PRUNE'),
    new Option('--config <file>', 'JSON file of these options, by name in camelCase; flags and variables win over it')
      .env('KALPANA_CONFIG')
      .argParser(parseText),
  ];
}

/** The options of `run`: those of `plan`, and its own. */
export function runOptions(): Option[] {
  return [
    ...planOptions(),
    new Option('--listen <host:port>', "address of metrics, health and API; 'off' for none")
      .default('127.0.0.1:9464')
      .env('KALPANA_LISTEN')
      .argParser(parseListen),
    new Option('--resync <seconds>', 'time between two looks at everything')
      .default(30_000, '30')
      .env('KALPANA_RESYNC')
      .argParser(parseSeconds),
    new Option('--concurrency <n>', 'workspaces worked on at the same time')
      .default(16)
      .env('KALPANA_CONCURRENCY')
      .argParser(parseConcurrency),
    flag('--once', 'converge once, wait until all is Ready or failed, and end', 'KALPANA_ONCE'),
    new Option('--timeout <duration>', 'of --once')
      .default(600_000, '10m')
      .env('KALPANA_TIMEOUT')
      .argParser(parseDuration),
    new Option('--notify <url>', 'where to post what was applied, what failed and what drift was repaired')
      .env('KALPANA_NOTIFY')
      .argParser(parseHttpUrl),
    new Option('--notify-secret-file <file>', 'secret that such a post is signed with')
      .env('KALPANA_NOTIFY_SECRET_FILE')
      .argParser(parseText),
  ];
}

/**
 * Creates a flag with an optional value. For a plain flag, commander takes any value of a variable as true, even
 * KALPANA_ALLOW_PRUNE=false.
 */
function flag(name: string, description: string, variable: string): Option {
  return new Option(`${name} [boolean]`, description)
    .default(false)
    .preset('true')
    .env(variable)
    .argParser(parseBoolean);
}

/** Adds options to a command, and returns the command. */
export function addOptions(command: Command, options: readonly Option[]): Command {
  for (const option of options) command.addOption(option);
  return command;
}

/**
 * Reads the options of `plan` from flags, variables and the configuration file; ends the command when they are invalid.
 */
export function readPlanOptions(command: Command): PlanOptions {
  return planPart(command, settledOptions(command));
}

/**
 * Reads the options of `run` from flags, variables and the configuration file; ends the command when they are invalid.
 */
export function readRunOptions(command: Command): RunOptions {
  const raw = settledOptions(command);
  return {
    ...planPart(command, raw),
    listen: raw.listen === 'off' ? null : raw.listen,
    resyncMs: raw.resync,
    concurrency: raw.concurrency,
    once: raw.once,
    timeoutMs: raw.timeout,
    notify: raw.notify === undefined ? null : { url: raw.notify, secretFile: raw.notifySecretFile ?? null },
  };
}

/** The format of the result; `wide` is text. */
export function outputOf(command: Command): OutputFormat {
  const { output } = command.optsWithGlobals<{ output: OutputFormat | 'wide' }>();
  return output === 'wide' ? 'text' : output;
}

/** Whether `-o wide` was given, which adds columns to some tables and leaves the others as they are. */
export function isWide(command: Command): boolean {
  return command.optsWithGlobals<{ output: OutputFormat | 'wide' }>().output === 'wide';
}

function planPart(command: Command, raw: RawOptions): PlanOptions {
  const { stateDir, instance, logLevel, allowPrune } = raw;
  const git = readGit(command);
  return {
    specs: specsOf(command, raw, git.length > 0),
    git,
    stateDir,
    instance,
    secretsDir: raw.secretsDir ?? null,
    ageIdentityFile: raw.ageIdentityFile ?? null,
    logLevel,
    allowPrune,
    output: outputOf(command),
  };
}

function settledOptions(command: Command): RawOptions {
  const { config } = command.opts<RawOptions>();
  if (config !== undefined) applyConfig(command, config, runOptions());
  return command.opts<RawOptions>();
}

function specsOf(command: Command, { specs = [] }: RawOptions, hasGit: boolean): readonly string[] {
  // Only the variable is a list in one text; a directory given as a flag may contain a colon.
  const fromVariable = command.getOptionValueSource('specs') === 'env';
  const directories = fromVariable ? specs.flatMap((text) => text.split(':')).filter((text) => text !== '') : specs;
  if (directories.length === 0 && !hasGit)
    command.error('error: no specs: give --specs DIR or --git URL, or set KALPANA_SPECS or KALPANA_GIT');
  return directories;
}
