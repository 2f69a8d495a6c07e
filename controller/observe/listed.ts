/** Objects of one kind by name: the newest list, and what our own calls have changed since then. */
export interface Listed<T> {
  readonly all: ReadonlyMap<string, T>;
  /** Records that our own call made an object, or removed it (null). */
  note(name: string, object: T | null): void;
  /** To be called before the list is requested; the returned function receives the answer. */
  begin(): (objects: readonly T[]) => void;
}

/** Creates the collection, which is empty before the first list. */
export function createListed<T extends { readonly name: string }>(): Listed<T> {
  let all = new Map<string, T>();
  let begun = 0;
  let newest = 0;
  /** For each recorded name, how many lists had begun before: none of those lists can include the change. */
  const noted = new Map<string, number>();
  return {
    get all() {
      return all;
    },
    note(name, object) {
      noted.set(name, begun);
      if (object === null) all.delete(name);
      else all.set(name, object);
    },
    begin() {
      const number = ++begun;
      return (objects) => {
        if (number < newest) return;
        newest = number;
        for (const [name, before] of noted) if (before < number) noted.delete(name);
        const listed = objects.filter(({ name }) => !noted.has(name)).map((object) => [object.name, object] as const);
        all = new Map([...listed, ...[...all].filter(([name]) => noted.has(name))]);
      };
    },
  };
}
