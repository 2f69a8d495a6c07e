import type { Generation } from './root-inventory.js';

/** What a cache's roots weigh; NAR bytes. */
export interface Weights {
  /** Of the closures of what stays in any case. */
  readonly base: number;
  /** Of paths that only candidates keep, by candidate's path and path. */
  readonly own: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** Which candidates go so that the rest fits into `maxBytes`: the first ones, which are the longest unused. Pure. */
export function chooseExpired(
  candidates: readonly Generation[],
  { base, own }: Weights,
  maxBytes: number,
): ReadonlySet<Generation> {
  const chosen = new Set<Generation>();
  for (const candidate of candidates) {
    const rest = candidates.filter((other) => !chosen.has(other));
    if (base + weightOf(rest, own) <= maxBytes) break;
    chosen.add(candidate);
  }
  return chosen;
}

/** A path that several keep counts once. */
function weightOf(generations: readonly Generation[], own: Weights['own']): number {
  const sizes = new Map(generations.flatMap(({ path }) => [...(own.get(path) ?? [])]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}
