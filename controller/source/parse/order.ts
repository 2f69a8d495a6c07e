/** By code unit: the same on every machine, whatever its locale. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function by<T>(key: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => compare(key(a), key(b));
}

/** A set as a list: each once, sorted. */
export function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort(compare);
}
