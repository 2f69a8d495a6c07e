/** The kinds of objects in spec files, apart from a List of them. */
export const SPEC_KINDS = ['Workspace', 'NixCache'] as const;
export type SpecKind = (typeof SPEC_KINDS)[number];

/**
 * Identifies an object across all sources; two objects of different kinds may have the same name. The key of a
 * workspace is its bare name, which never contains a "/".
 */
export function specKey(kind: SpecKind, name: string): string {
  return kind === 'Workspace' ? name : `${kind}/${name}`;
}

/** The name of the workspace with this key; null for the key of a cache. */
export function workspaceOfKey(key: string): string | null {
  return key.includes('/') ? null : key;
}

/** Whether a value is one of `SPEC_KINDS`. */
export function isSpecKind(value: unknown): value is SpecKind {
  return (SPEC_KINDS as readonly unknown[]).includes(value);
}
