/** The kinds of objects that a spec file holds, beside the List of them. */
export const SPEC_KINDS = ['Workspace', 'NixCache'] as const;
export type SpecKind = (typeof SPEC_KINDS)[number];

/**
 * What an object is known by across all sources: two of different kinds may have one name. A workspace goes by its bare
 * name, which holds no "/".
 */
export function specKey(kind: SpecKind, name: string): string {
  return kind === 'Workspace' ? name : `${kind}/${name}`;
}

/** The workspace of a key; null for a cache's. */
export function workspaceOfKey(key: string): string | null {
  return key.includes('/') ? null : key;
}

export function isSpecKind(value: unknown): value is SpecKind {
  return (SPEC_KINDS as readonly unknown[]).includes(value);
}
