import { createHash } from 'node:crypto';
import type { CreationSpec } from './desired.js';

/**
 * Raised when the meaning of a field of `CreationSpec` changes; a container of another version is compared field by
 * field.
 */
export const SPEC_HASH_VERSION = 'v2';

/** JSON with sorted keys and no white space: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}

/**
 * The value of `kalpana.spec-hash`. The fields are those of `CreationSpec`, no others: a hash must not follow a shape
 * by accident.
 */
export function specHash(creation: CreationSpec): string {
  const digest = createHash('sha256').update(canonicalJson(creation)).digest('hex').slice(0, 32);
  return `${SPEC_HASH_VERSION}:${digest}`;
}
