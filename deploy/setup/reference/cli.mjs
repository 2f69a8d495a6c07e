// docs/reference/cli.md, from the program that reads the command line.
import { code, item, opening, sentence, wrapped } from './text.mjs';

export async function cliPage() {
  const { createProgram } = await import('../../../controller/cli/program.ts');
  const program = createProgram({ io: { out() {}, err() {}, columns: 100 }, version: '' }, {});
  const [plan, run] = ['plan', 'run'].map((name) => program.commands.find((command) => command.name() === name));
  const isShared = (option) => [plan, run].every((one) => one.options.some(({ flags }) => flags === option.flags));
  const shared = run.options.filter(isShared);
  return [
    ...opening('Command line', 'controller/cli/program.ts'),
    wrapped(
      '`kalpana <command>`. Results go to stdout, logs and errors to stderr. A usage error ends with 1. ' +
        'Most options have an environment variable, named after them below. A flag wins over a variable, a ' +
        'variable over the file of `--config`, which holds one JSON object with the options of `run` in ' +
        'camelCase: `{"stateDir": "/var/lib/kalpana"}`. Repositories stand in it as a list: `{"git": [{"url": ' +
        '"…", "ref": "main", "path": "specs"}]}`.',
    ),
    '',
    '## Options of every command',
    '',
    ...program.options.map(optionItem),
    '',
    ...program.commands.flatMap((command) =>
      commandSection(command, command === run || command === plan ? shared : []),
    ),
    '## Options of plan and run',
    '',
    wrapped('Each option `--git-…` belongs to the `--git` before it.'),
    '',
    ...shared.map(optionItem),
    '',
  ].join('\n');
}

function commandSection(command, shared) {
  if (command.commands.length > 0) return command.commands.flatMap((one) => commandSection(one, shared));
  const name = nameOf(command);
  const options = command.options.filter((option) => !shared.includes(option) && !isAmong(shared, option));
  const also = shared.length > 0 ? ['All [options of plan and run](#options-of-plan-and-run), and:', ''] : [];
  return [
    `## ${name}`,
    '',
    wrapped(sentence(command.description())),
    '',
    code(`kalpana ${name} ${command.usage()}`),
    '',
    ...listed(command.registeredArguments.map(argumentItem)),
    ...also,
    ...listed(options.map(optionItem)),
    ...footer(command).flatMap((text) => [wrapped(text), '']),
  ];
}

function nameOf(command) {
  return command.parent?.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();
}

function isAmong(options, { flags }) {
  return options.some((one) => one.flags === flags);
}

function listed(items) {
  return items.length === 0 ? [] : [...items, ''];
}

function argumentItem(argument) {
  const name = argument.required ? `<${argument.name()}>` : `[${argument.name()}]`;
  return item(`${code(name)}${facts(argument)}: ${sentence(argument.description)}`);
}

function optionItem(option) {
  const variable = option.envVar ? ` ${code(option.envVar)}` : '';
  return item(`${code(option.flags)}${variable}${facts(option)}: ${sentence(option.description)}`);
}

function facts({ argChoices, defaultValue, defaultValueDescription, mandatory }) {
  const byDefault = defaultValueDescription ?? defaultValue;
  const parts = [
    ...(argChoices ? [argChoices.map(code).join(', ')] : []),
    ...(mandatory ? ['required'] : []),
    ...(byDefault === undefined || byDefault === false ? [] : [`default ${code(byDefault)}`]),
  ];
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}

/** What `--help` prints behind the options: the exit codes, and what else is to be known. */
function footer(command) {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text
    .slice(command.helpInformation().length)
    .split('\n')
    .filter((line) => line !== '');
}
