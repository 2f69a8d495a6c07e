/** The packages of environments by key, as this controller has seen them in specs. */
export interface PackageLists {
  note(key: string, packages: readonly string[]): void;
  /** The packages of the environment, or null when no spec has named them since this controller started. */
  of(key: string): readonly string[] | null;
  /** Forgets all lists except those with these keys. */
  keepOnly(keys: ReadonlySet<string | null>): void;
}

/** Creates the collection, which is empty before the first `note`. */
export function createPackageLists(): PackageLists {
  const lists = new Map<string, readonly string[]>();
  return {
    note: (key, packages) => void lists.set(key, packages),
    of: (key) => lists.get(key) ?? null,
    keepOnly(keys) {
      for (const key of lists.keys()) if (!keys.has(key)) lists.delete(key);
    },
  };
}
