import { canonicalJson } from '../model/canonical.js';
import type { CreationSpec } from '../model/desired.js';
import { envCauses, mountCauses, portCauses } from './item-causes.js';
import { changeOf, fieldChanges, isList, listChanges, LONGEST_ALONE } from './value-change.js';

/** The field values that stand for an absent health check. */
const NO_HEALTHCHECK = { test: null, intervalMs: 0, timeoutMs: 0, startPeriodMs: 0, retries: 0 };

/** Why a container made from `before` has to be replaced by one made from `after`, in a stable order. */
export function creationCauses(before: Partial<CreationSpec>, after: CreationSpec): string[] {
  return (Object.keys(after) as (keyof CreationSpec)[]).sort().flatMap((field) => fieldCauses(field, before, after));
}

function fieldCauses(field: keyof CreationSpec, recorded: Partial<CreationSpec>, wanted: CreationSpec): string[] {
  const before = recorded[field];
  if (canonicalJson(before ?? null) === canonicalJson(wanted[field])) return [];
  switch (field) {
    case 'env':
      return envCauses(listOf(recorded.env), wanted.env);
    case 'mounts':
      return mountCauses(listOf(recorded.mounts), wanted.mounts);
    case 'ports':
      return portCauses(listOf(recorded.ports), wanted.ports);
    case 'healthcheck':
      return fieldChanges(
        'healthcheck.',
        { ...NO_HEALTHCHECK, ...recorded.healthcheck },
        wanted.healthcheck ?? NO_HEALTHCHECK,
      );
    case 'command':
      return isList(before) && isList(wanted.command)
        ? listChanges(field, before, wanted.command)
        : [changeOf(field, before, wanted.command)];
    // This field follows from the cache, except for a container made before packages came from caches.
    case 'packagesFrom':
      return (recorded.cache ?? null) === wanted.cache ? ['the packages of the cache are not on its PATH'] : [];
    case 'image':
      return [changeOf(field, recorded.image ?? '?', wanted.image, LONGEST_ALONE)];
    case 'cache':
    case 'shmBytes':
    case 'storageMountPath':
      return [changeOf(field, before, wanted[field])];
  }
}

/** A recorded spec comes from a label, which people can write, so it need not be a list of objects. */
function listOf<T extends object>(recorded: readonly T[] | undefined): readonly T[] {
  return Array.isArray(recorded) ? recorded.filter((item) => typeof item === 'object' && item !== null) : [];
}
