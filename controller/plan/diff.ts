import { canonicalJson } from '../model/canonical.js';
import { LABEL } from '../model/names.js';
import type { CreationEnv, CreationMount, CreationSpec, DesiredWorkspace } from '../model/desired.js';
import type { ObservedContainer } from '../model/engine-objects.js';
import type { DriftField } from './types.js';
import { workspaceMounts } from './definition.js';

/** One thing about a container that is not as the spec wants it, and that only a new container can mend. */
export interface Difference {
  readonly cause: string;
  readonly drift?: DriftField;
}

/** All differences, in a stable order; empty when the container is what the spec asks for. */
export function differences(container: ObservedContainer, desired: DesiredWorkspace): Difference[] {
  const changes = specDifferences(container, desired);
  // A changed spec says why by itself; its mounts differ because of it.
  return changes.length > 0 && container.labels[LABEL.spec] !== undefined ? changes : [...changes, ...mountDrift(container, desired)];
}

function specDifferences(container: ObservedContainer, desired: DesiredWorkspace): Difference[] {
  if (container.labels[LABEL.specHash] === desired.specHash) return [];
  const recorded = recordedSpec(container.labels[LABEL.spec]);
  if (recorded === null) return [{ cause: 'the container does not record its spec' }];
  // Field by field also when only the hash's version moved: an upgrade of the controller recreates nothing.
  return (Object.keys(desired.creation) as (keyof CreationSpec)[]).sort().flatMap((field) => fieldDifferences(field, recorded, desired.creation));
}

/** What a container was made from, by its label; null when it does not say. */
export function recordedSpec(label: string | undefined): Partial<CreationSpec> | null {
  try {
    const value: unknown = JSON.parse(label ?? 'null');
    return value !== null && typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

function fieldDifferences(field: keyof CreationSpec, recorded: Partial<CreationSpec>, wanted: CreationSpec): Difference[] {
  const before = recorded[field];
  if (canonicalJson(before ?? null) === canonicalJson(wanted[field])) return [];
  if (field === 'env') return listDifferences(recorded.env ?? [], wanted.env, (item) => item.name, envCause);
  if (field === 'mounts') return listDifferences(recorded.mounts ?? [], wanted.mounts, (item) => item.target, mountCause);
  // Follows from the cache, unless the container is from before packages came from one.
  if (field === 'packagesFrom') return (recorded.cache ?? null) === wanted.cache ? [{ cause: 'the packages of the cache are not on its PATH' }] : [];
  if (field === 'image') return [{ cause: `image: ${recorded.image ?? '?'} -> ${wanted.image}` }];
  return [{ cause: `${field}: ${brief(before)} -> ${brief(wanted[field])}` }];
}

function listDifferences<T>(
  before: readonly T[],
  after: readonly T[],
  keyOf: (item: T) => string,
  cause: (key: string, before: T | undefined, after: T | undefined) => string,
): Difference[] {
  const old = new Map(before.map((item) => [keyOf(item), item]));
  const wanted = new Map(after.map((item) => [keyOf(item), item]));
  const keys = [...new Set([...old.keys(), ...wanted.keys()])].sort();
  return keys
    .filter((key) => canonicalJson(old.get(key) ?? null) !== canonicalJson(wanted.get(key) ?? null))
    .map((key) => ({ cause: cause(key, old.get(key), wanted.get(key)) }));
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

/** A container of the replaced system has no /nix; a mount can also be lost by a hand-made container under our name. */
function mountDrift(container: ObservedContainer, desired: DesiredWorkspace): Difference[] {
  const present = new Map(container.mounts.map((mount) => [mount.target, mount]));
  return workspaceMounts(desired.name, desired.creation).flatMap((wanted): Difference[] => {
    const found = present.get(wanted.target);
    if (found === undefined) return [{ cause: `mount ${wanted.target}: missing`, drift: 'mounts' }];
    if (found.type !== wanted.type || found.source !== wanted.source) {
      return [{ cause: `mount ${wanted.target}: ${found.source} -> ${wanted.source}`, drift: 'mounts' }];
    }
    if (found.readOnly !== wanted.readOnly) {
      return [{ cause: `mount ${wanted.target}: ${access(found.readOnly)} -> ${access(wanted.readOnly)}`, drift: 'mounts' }];
    }
    return [];
  });
}

function access(readOnly: boolean): string {
  return readOnly ? 'read-only' : 'read-write';
}

function brief(value: unknown): string {
  if (value === undefined || value === null) return 'none';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
