import { distance } from 'fastest-levenshtein';

/** Words longer than any of ours are not compared: the cost of a distance is the product of the lengths. */
const LONGEST = 64;

/** The candidate nearest to `word`, when it is near enough to be meant; else null. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  if (word.length > LONGEST) return null;
  const lower = word.toLowerCase();
  const allowed = word.length <= 3 ? 1 : word.length <= 6 ? 2 : 3;
  let best: { candidate: string; cost: number } | null = null;
  for (const candidate of candidates) {
    const cost = distance(lower, candidate.toLowerCase());
    if (cost <= allowed && cost < candidate.length && cost < (best?.cost ?? Infinity)) best = { candidate, cost };
  }
  return best?.candidate ?? null;
}

/**
 * What a person who wrote the unknown field `key` into the object `parent` may have meant: a field of that object, or
 * of one a level up or down. Misplaced fields come with their whole path.
 */
export function suggestField(
  parent: string,
  key: string,
  own: readonly string[],
  fields: readonly string[],
): string | null {
  const elsewhere = fields.filter((field) => isClose(parent, parentOf(field)));
  const sameWord = (field: string) => lastOf(field).toLowerCase() === key.toLowerCase();
  const near = nearest(key, own);
  return (
    own.find(sameWord) ??
    elsewhere.find(sameWord) ??
    near ??
    elsewhere.find((field) => lastOf(field) === nearest(key, elsewhere.map(lastOf))) ??
    null
  );
}

/** Whether one object is the other's parent, child or sibling. */
function isClose(parent: string, other: string): boolean {
  if (parent === other) return false;
  return parentOf(other) === parent || parentOf(parent) === other || parentOf(parent) === parentOf(other);
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('.')));
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}
