// docs/reference/specs.md, from the JSON Schemas of the specs.
import { readFileSync } from 'node:fs';
import { code, item, opening, sentence, wrapped } from './text.mjs';

const KINDS = ['workspace', 'nix-cache'];

export function specsPage(root) {
  const schemas = KINDS.map((name) => ({
    file: `crds-like-schemas/${name}.schema.json`,
    schema: JSON.parse(readFileSync(`${root}crds-like-schemas/${name}.schema.json`, 'utf8')),
  }));
  return [
    ...opening('Specs', 'crds-like-schemas/*.schema.json'),
    wrapped(
      'A file of specs is JSON and holds one object, or a list: `{"kind": "List", "items": [...]}`. An ' +
        'editor completes and checks a spec when its `"$schema"` leads to the schema. `kalpana validate` ' +
        'checks more than a schema can: names that stand twice, ports that meet, time zones, units. Dotfiles, ' +
        'editor backups and half-written files are never specs.',
    ),
    '',
    ...schemas.flatMap(({ file, schema }) => kind(file, schema)),
  ]
    .join('\n')
    .replace(/\n+$/, '\n');
}

function kind(file, schema) {
  return [
    `## ${schema.title}`,
    '',
    wrapped(`${schema.description} Schema: [${file}](../../${file}).`),
    '',
    ...fields(schema, schema, ''),
    '',
  ];
}

/** One entry a field, each followed by those within it. */
function fields(schema, object, prefix) {
  const properties = Object.entries(object.properties ?? {}).filter(([name]) => name !== '$schema');
  return properties.flatMap(([name, own]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const field = merged(schema, own);
    const inner = field.type === 'array' ? merged(schema, field.items) : field;
    const lines = inner.type === 'object' ? fields(schema, inner, field.type === 'array' ? `${path}[]` : path) : [];
    const isRequired = object.required?.includes(name) ?? false;
    return [item(`${code(path)} (${facts(schema, field, isRequired)})${meaning(field, inner)}`), ...lines];
  });
}

/** A field with what its `$ref` and its `allOf` say; its own words win. */
function merged(schema, own) {
  const parts = [...(own.$ref ? [{ $ref: own.$ref }] : []), ...(own.allOf ?? [])];
  const defined = parts.map(({ $ref }) => merged(schema, schema.definitions[$ref.split('/').at(-1)]));
  return Object.assign({}, ...defined, own);
}

function facts(schema, field, isRequired) {
  const ends = isRequired ? ['required'] : 'default' in field ? [`default ${value(field.default)}`] : [];
  return [typeText(schema, field), ...bounds(field), ...ends].join(', ');
}

function typeText(schema, field) {
  if ('const' in field) return value(field.const);
  if (field.enum) return field.enum.map(value).join(' or ');
  if (field.anyOf) return field.anyOf.map((one) => typeText(schema, merged(schema, one))).join(' or ');
  if (field.type !== 'array') return field.type;
  return `list of ${typeText(schema, merged(schema, field.items))}s`;
}

function bounds({ minimum, maximum, maxItems }) {
  if (minimum !== undefined) return [`${minimum} to ${maximum}`];
  return maxItems === undefined ? [] : [`at most ${maxItems}`];
}

function meaning(field, inner) {
  const text = field.description ?? (inner === field ? undefined : inner.description);
  return text === undefined ? '' : `: ${sentence(text)}`;
}

function value(json) {
  return code(JSON.stringify(json));
}
