/** The kinds of objects that a spec file holds, beside the List of them. */
export const SPEC_KINDS = ['Workspace', 'NixCache'] as const;
export type SpecKind = (typeof SPEC_KINDS)[number];

/**
 * Identifies an object across all sources: two of different kinds may have one name. A workspace's key is its bare
 * name, which holds no "/".
 */
export function specKey(kind: SpecKind, name: string): string {
  return kind === 'Workspace' ? name : `${kind}/${name}`;
}

/** The name of the workspace that a key stands for; null for a cache's key. */
export function workspaceOfKey(key: string): string | null {
  return key.includes('/') ? null : key;
}

/** Whether a value is one of `SPEC_KINDS`. */
export function isSpecKind(value: unknown): value is SpecKind {
  return (SPEC_KINDS as readonly unknown[]).includes(value);
}
