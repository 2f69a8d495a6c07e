import { distance } from 'fastest-levenshtein';

/** Longer words than any of ours are not compared, because the cost of a comparison is the product of the lengths. */
const LONGEST = 64;

/** The candidate most similar to `word`, or null when none is similar enough. */
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
 * Suggests what a person may have meant by the unknown field `key` in the object `parent`: a field of that object, or a
 * field one level up or down. Misplaced fields are returned with their whole path.
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
