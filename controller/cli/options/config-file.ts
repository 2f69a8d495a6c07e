import { readFileSync } from 'node:fs';
import { InvalidArgumentError, type Command, type Option } from 'commander';
import { errorText } from '../text/error-text.js';
import { gitFromConfig } from './git-options.js';

/**
 * Reads options that neither a flag nor a variable has set from the JSON file `path`. `known` are all options that a
 * file may contain: one file serves `run` and `plan`, and a command ignores options of the other.
 */
export function applyConfig(command: Command, path: string, known: readonly Option[]): void {
  for (const [name, value] of Object.entries(readObject(command, path))) {
    const option = known.find((candidate) => candidate.attributeName() === name && name !== 'config');
    if (option === undefined) return command.error(`error: ${path}: unknown option '${name}'`);
    const parsed = parseValue(command, path, option, value);
    const source = command.getOptionValueSource(name);
    const own = command.options.some((candidate) => candidate.attributeName() === name);
    if (own && (source === undefined || source === 'default')) command.setOptionValueWithSource(name, parsed, 'config');
  }
}

function readObject(command: Command, path: string): object {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    return command.error(`error: cannot read the config file ${path}: ${errorText(error)}`);
  }
  return command.error(`error: ${path}: write one JSON object of options`);
}

/** Parses a value with the parser of the option's flag. */
function parseValue(command: Command, path: string, option: Option, value: unknown): unknown {
  const name = option.attributeName();
  if (name === 'git') return complaining(command, path, name, () => gitFromConfig(value));
  const isList = option.attributeName() === 'specs' && Array.isArray(value);
  const texts: unknown[] = isList ? value : [value];
  if (!texts.every(isScalar)) return command.error(`error: ${path}: the value of '${name}' has the wrong type`);
  return complaining(command, path, name, () =>
    texts.reduce<unknown>((previous, text) => option.parseArg?.(String(text), previous) ?? String(text), undefined),
  );
}

function complaining(command: Command, path: string, name: string, parse: () => unknown): unknown {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    return command.error(`error: ${path}: the value of '${name}' is invalid. ${error.message}`);
  }
}

function isScalar(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}
