import { canonicalJson } from '../model/canonical.js';
import type { CreationEnv, CreationMount, CreationSpec } from '../model/desired.js';

/** Why a container made from `before` has to give way to one made from `after`, in a stable order. */
export function creationCauses(before: Partial<CreationSpec>, after: CreationSpec): string[] {
  return (Object.keys(after) as (keyof CreationSpec)[]).sort().flatMap((field) => fieldCauses(field, before, after));
}

/** One field's change, in short. */
export function changeOf(field: string, before: unknown, after: unknown): string {
  return `${field}: ${brief(before)} -> ${brief(after)}`;
}

function fieldCauses(field: keyof CreationSpec, recorded: Partial<CreationSpec>, wanted: CreationSpec): string[] {
  const before = recorded[field];
  if (canonicalJson(before ?? null) === canonicalJson(wanted[field])) return [];
  if (field === 'env') return listCauses(recorded.env ?? [], wanted.env, (item) => item.name, envCause);
  if (field === 'mounts') return listCauses(recorded.mounts ?? [], wanted.mounts, (item) => item.target, mountCause);
  // Follows from the cache, unless the container is from before packages came from one.
  if (field === 'packagesFrom') return (recorded.cache ?? null) === wanted.cache ? ['the packages of the cache are not on its PATH'] : [];
  if (field === 'image') return [`image: ${recorded.image ?? '?'} -> ${wanted.image}`];
  return [changeOf(field, before, wanted[field])];
}

function listCauses<T>(
  before: readonly T[],
  after: readonly T[],
  keyOf: (item: T) => string,
  cause: (key: string, before: T | undefined, after: T | undefined) => string,
): string[] {
  const old = new Map(before.map((item) => [keyOf(item), item]));
  const wanted = new Map(after.map((item) => [keyOf(item), item]));
  const keys = [...new Set([...old.keys(), ...wanted.keys()])].sort();
  return keys
    .filter((key) => canonicalJson(old.get(key) ?? null) !== canonicalJson(wanted.get(key) ?? null))
    .map((key) => cause(key, old.get(key), wanted.get(key)));
}

/** Names, never values: a plain variable may hold what its author should have put into a secret file. */
function envCause(name: string, before: CreationEnv | undefined, after: CreationEnv | undefined): string {
  if (after === undefined) return `env ${name}: removed`;
  if (before === undefined) return `env ${name}: added`;
  const sameFile = 'secretFile' in before && 'secretFile' in after && before.secretFile === after.secretFile;
  return sameFile ? `env ${name}: secret file ${after.secretFile} changed` : `env ${name}: changed`;
}

function mountCause(target: string, before: CreationMount | undefined, after: CreationMount | undefined): string {
  if (after === undefined) return `mount ${target}: removed`;
  if (before === undefined) return `mount ${target}: added`;
  return `mount ${target}: ${before.source} -> ${after.source}`;
}

function brief(value: unknown): string {
  if (value === undefined || value === null) return 'none';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
