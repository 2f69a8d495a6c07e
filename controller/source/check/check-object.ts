import type { NixCache } from '../../model/nix-cache.generated.js';
import type { Workspace } from '../../model/workspace.generated.js';
import { admitCache } from './admit-cache.js';
import { admitWorkspace } from './admit-workspace.js';
import { explainErrors } from './explain.js';
import type { Issue } from '../parse/locate.js';
import { quote } from '../parse/problem.js';
import type { SpecSchemas } from './schema.js';
import { isSpecKind, SPEC_KINDS } from '../parse/spec-kind.js';
import type { SpecKind } from '../parse/spec-kind.js';
import { nearest } from './suggest.js';

export const MAX_PROBLEMS = 20;

export type Fields = Readonly<Record<string, unknown>>;

/**
 * Lists everything that is wrong with one object, with at most `limit` issues from the schema; empty for a valid
 * Workspace or NixCache.
 */
export function checkObject(schemas: SpecSchemas, value: unknown, limit: number = MAX_PROBLEMS): Issue[] {
  if (!isObject(value))
    return [{ path: [], at: 'value', message: 'must be an object that describes a Workspace or a NixCache' }];
  if (isForeign(value))
    return [
      {
        path: [],
        at: 'value',
        message: 'holds no Workspace: add "apiVersion", "kind", "metadata" and "spec", or move the file elsewhere',
      },
    ];
  const { kind } = value;
  // Without a kind nothing else can be checked.
  if (!isSpecKind(kind)) return [kindIssue(kind)];
  const schema = schemas[kind];
  const issues = explainErrors(schema.check(value), value, schema.fields, limit);
  if (issues.length > 0) return issues;
  return kind === 'NixCache' ? admitCache(value as unknown as NixCache) : admitWorkspace(value as unknown as Workspace);
}

/** The kind that a broken object has or probably means by a misspelt word; null when it may be of any kind. */
export function kindMeant(kind: unknown): SpecKind | null {
  const meant = typeof kind === 'string' ? nearest(kind, SPEC_KINDS) : null;
  return isSpecKind(meant) ? meant : null;
}

/** Whether an object is JSON of another tool. It has none of our fields, so it cannot contain an object of ours. */
export function isForeign(value: Fields): boolean {
  return !['apiVersion', 'kind', 'metadata', 'spec', 'items'].some((key) => Object.hasOwn(value, key));
}

/** Whether a JSON value is an object. */
export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindIssue(kind: unknown): Issue {
  const choice = '"Workspace" or "NixCache"';
  if (kind === undefined) return { path: [], at: 'value', message: `"kind" is missing: add ${choice}` };
  if (typeof kind !== 'string') return { path: ['kind'], at: 'value', message: `must be ${choice}` };
  const meant = nearest(kind, [...SPEC_KINDS, 'List']);
  return {
    path: ['kind'],
    at: 'value',
    message: `${quote(kind)} is unknown; ${meant ? `did you mean ${quote(meant)}?` : `use ${choice}`}`,
  };
}
