/** Compares by code unit, so that the order is the same on every machine, whatever its locale. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Sorts by a key, in the order of `compare`. */
export function by<T>(key: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => compare(key(a), key(b));
}

/** The texts without duplicates, sorted. */
export function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort(compare);
}
