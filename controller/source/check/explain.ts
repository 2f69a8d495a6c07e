import type { ErrorObject, SchemaObject } from 'ajv';
import type { Issue } from '../parse/locate.js';
import { quote } from '../parse/problem.js';
import { nearest, suggestField } from './suggest.js';

type Path = (string | number)[];

/** Turns the validator's errors into one sentence for each faulty place, at most `limit` sentences. */
export function explainErrors(
  errors: readonly ErrorObject[],
  value: unknown,
  fields: readonly string[],
  limit: number,
): Issue[] {
  const issues = new Map<string, Issue>();
  const unions = errors.filter((error) => error.keyword === 'anyOf');
  for (const error of errors) {
    if (issues.size >= limit) break;
    // The errors of the branches of an anyOf are left out, because the anyOf itself says what is wrong.
    if (unions.some((union) => union !== error && error.schemaPath.startsWith(`${union.schemaPath}/`))) continue;
    if (unions.some((union) => union !== error && error.instancePath === union.instancePath)) continue;
    const place =
      error.keyword === 'additionalProperties' ? `${error.instancePath}/ ${unknownKey(error)}` : error.instancePath;
    // One issue per value is enough; missing fields of one object are named together.
    if (issues.has(place)) continue;
    issues.set(place, explain(error, errors, pathOf(error.instancePath, value), fields));
  }
  return [...issues.values()];
}

function explain(error: ErrorObject, errors: readonly ErrorObject[], path: Path, fields: readonly string[]): Issue {
  if (error.keyword === 'additionalProperties') return unknownField(error, path, fields);
  const at = 'value';
  if (error.keyword === 'required') {
    const missing = errors.filter((other) => other.keyword === 'required' && other.instancePath === error.instancePath);
    return { path, at, message: missingWords(missing.map((other) => quote(String(other.params.missingProperty)))) };
  }
  return { path, at, message: valueMessage(error, path) };
}

function unknownKey(error: ErrorObject): string {
  return String(error.params.additionalProperty);
}

function unknownField(error: ErrorObject, path: Path, fields: readonly string[]): Issue {
  const key = unknownKey(error);
  const own = Object.keys((error.parentSchema?.properties ?? {}) as object);
  const inList = path.some((part) => typeof part === 'number');
  const meant = suggestField(path.join('.'), key, own, inList ? [] : fields);
  const remedy = meant ? `did you mean ${quote(meant)}?` : `remove it; known here: ${own.join(', ')}`;
  return { path: [...path, key], at: 'key', message: `unknown field; ${remedy}` };
}

function missingWords(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  if (names.length === 1) return `${last} is missing: add it`;
  return `${names.slice(0, -1).join(', ')} and ${last} are missing: add them`;
}

function valueMessage(error: ErrorObject, path: Path): string {
  const shown = shownValue(error.data, path);
  const { params } = error;
  switch (error.keyword) {
    case 'type':
      return `must be ${withArticle(String(params.type))}, not ${typeWords(error.data)}`;
    case 'enum':
      return choiceMessage(shown, error.data, (params.allowedValues as unknown[]).map(String));
    case 'const':
      return choiceMessage(shown, error.data, [String(params.allowedValue)]);
    case 'pattern':
      return `${shown}${patternWords(error, path)}`;
    case 'anyOf':
      return `${shown}is neither a cache's name (lower-case letters, digits and "-", at most 63) nor false`;
    case 'minimum':
      return `${shown}is too small: at least ${params.limit}`;
    case 'maximum':
      return `${shown}is too large: at most ${params.limit}`;
    case 'maxLength':
      return `is too long: at most ${params.limit} characters`;
    case 'maxItems':
      return `has too many entries: at most ${params.limit}`;
    case 'minItems':
      return `has too few entries: at least ${params.limit}`;
    case 'minProperties':
      return 'says nothing: add "secretFile" or "ageFile"';
    case 'maxProperties':
      return path.at(-1) === 'valueFrom'
        ? 'has both "secretFile" and "ageFile": remove one of them'
        : `has too many fields: at most ${params.limit}`;
    default:
      return error.message ?? 'is not valid';
  }
}

function choiceMessage(shown: string, data: unknown, choices: readonly string[]): string {
  const meant = typeof data === 'string' ? nearest(data, choices) : null;
  if (meant) return `${shown}is unknown; did you mean ${quote(meant)}?`;
  const list = choices.map(quote);
  return `${shown}is unknown; use ${list.length > 1 ? `${list.slice(0, -1).join(', ')} or ` : ''}${list.at(-1) ?? ''}`;
}

/** The messages for patterns, by the name of the schema's definition or else of the field. */
const PATTERN_WORDS: Readonly<Record<string, string>> = {
  DnsLabel: 'is not a DNS label: use lower-case letters, digits and "-", at most 63',
  AbsolutePath: 'is not a plain absolute path: use e.g. "/data", without ".", "..", "//", "," or a "/" at the end',
  ConfigWord: 'is not one word of nix.conf: use printable ASCII characters, without white space and "#"',
  Duration: 'is not a duration; use e.g. "10s" or "5m"',
  LongDuration: 'is not a duration; use e.g. "30m" or "7d"',
  share: 'is not a percentage from "1%" to "100%"',
  StoreSize: 'is not a size; use e.g. "500Mi" or "20Gi"',
  Size: 'is not a size; use e.g. "512Mi" or "2Gi"',
  image: 'is not an image reference; use name, name:tag or name@sha256:…',
  name: 'is not a variable name: use letters, digits, "_", "." and "-", no digit first',
  value: 'must not hold a NUL character',
  secretFile: 'is not a file name: use letters, digits, ".", "_" and "-", no dot first, no directory',
  ageFile:
    'is not the path of an age file beside the spec; ' +
    'use e.g. "token.age" or "secrets/token.age", without "..", no dot first',
  hostIP: 'is not an IP address; use e.g. "127.0.0.1"',
};

function patternWords(error: ErrorObject, path: Path): string {
  const definition = /^#\/definitions\/(\w+)\/pattern$/.exec(error.schemaPath)?.[1] ?? '';
  const field = String(path.at(-1) ?? '');
  return (
    PATTERN_WORDS[definition] ??
    PATTERN_WORDS[field] ??
    `does not match ${String((error.parentSchema as SchemaObject).pattern)}`
  );
}

/** The value in quotes, followed by a space; empty for lists, objects and values that may contain a secret. */
function shownValue(data: unknown, path: Path): string {
  const mayBeSecret = (path[1] === 'env' && path.at(-1) === 'value') || path[1] === 'command' || path.includes('test');
  if (mayBeSecret) return '';
  if (typeof data === 'string') return `${quote(data)} `;
  return typeof data === 'number' || typeof data === 'boolean' || data === null ? `${data} ` : '';
}

function typeWords(data: unknown): string {
  if (data === null) return 'null';
  if (Array.isArray(data)) return 'a list';
  if (typeof data === 'string') return 'a text in quotes';
  return withArticle(typeof data);
}

function withArticle(type: string): string {
  const words: Readonly<Record<string, string>> = {
    object: 'an object',
    array: 'a list',
    string: 'a text in quotes',
    number: 'a number',
    integer: 'a whole number',
    boolean: 'true or false',
  };
  return words[type] ?? `of type ${type}`;
}

/** Converts a JSON pointer into path segments; only the value shows whether `0` is an index or a key. */
function pathOf(pointer: string, value: unknown): Path {
  const path: Path = [];
  let current: unknown = value;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(current) ? Number(key) : key);
    current = (current as Record<string, unknown> | undefined)?.[key];
  }
  return path;
}
