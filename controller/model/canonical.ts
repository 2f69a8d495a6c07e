import { createHash } from 'node:crypto';
import type { CreationSpec } from './desired.js';

/**
 * To be raised when the meaning of a field of `CreationSpec` changes; a container with another version is compared
 * field by field.
 */
export const SPEC_HASH_VERSION = 'v2';

/** Renders JSON with sorted keys and no white space, so that equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}

/**
 * The value of `kalpana.spec-hash`. It covers exactly the fields of `CreationSpec`, so that the hash cannot depend on
 * the shape of another type by accident.
 */
export function specHash(creation: CreationSpec): string {
  const digest = createHash('sha256').update(canonicalJson(creation)).digest('hex').slice(0, 32);
  return `${SPEC_HASH_VERSION}:${digest}`;
}
