import { canonicalJson } from '../model/canonical.js';
import { escapeControls } from '../model/printable.js';

/** The most characters shown of each of two values. */
const LONGEST = 60;
/** The most characters shown of a single value. */
export const LONGEST_ALONE = 160;
/** Characters shown before the first difference of two values that are too long. */
const CONTEXT = 20;
const CUT = '...';

/** Describes a change as `name: before -> after`, with each value shortened to `longest` characters. */
export function changeOf(name: string, before: unknown, after: unknown, longest = LONGEST): string {
  return `${name}: ${change(before, after, longest)}`;
}

/**
 * Describes a change as `before -> after`, each shortened to `longest` characters. Two different values never look the
 * same.
 */
export function change(before: unknown, after: unknown, longest = LONGEST): string {
  const [old, wanted] = [plain(before), plain(after)];
  // Quotes distinguish null from the text "none", and a control character from the text of its escape sequence.
  return old === wanted ? arrow(quoted(before), quoted(after), longest) : arrow(old, wanted, longest);
}

/**
 * Lists the items that were added to a list and removed from it; a short list is shown completely, before and after.
 */
export function listChanges(name: string, before: readonly string[], after: readonly string[]): string[] {
  if (canonicalJson(before) === canonicalJson(after)) return [];
  if (quoted(before).length <= LONGEST && quoted(after).length <= LONGEST) return [changeOf(name, before, after)];
  const [removed, stayed] = split(before, after);
  const [added, stay] = split(after, before);
  const pairs = [...removed, ...added].some((item) => item.length > LONGEST_ALONE)
    ? Math.min(removed.length, added.length)
    : 0;
  return [
    ...removed.slice(0, pairs).map((item, index) => `${name}: ${arrow(item, added[index] ?? '', LONGEST)}`),
    ...added.slice(pairs).map((item) => `${name}: added ${shortened(item)}`),
    ...removed.slice(pairs).map((item) => `${name}: removed ${shortened(item)}`),
    ...(stayed.join() === stay.join()
      ? []
      : [`order of ${name}: ${arrow(`[${stayed.join()}]`, `[${stay.join()}]`, LONGEST)}`]),
  ];
}

/**
 * Describes the changes of an object's fields, sorted by field; lists are compared item by item. `prefix` precedes the
 * names of the fields.
 */
export function fieldChanges<T extends object>(prefix: string, before: T, after: T): string[] {
  const fields = (Object.keys(after) as (keyof T & string)[]).sort();
  return fields.flatMap((field) => {
    const [name, old, wanted] = [`${prefix}${field}`, before[field], after[field]];
    if (isList(old) && isList(wanted)) return listChanges(name, old, wanted);
    return canonicalJson(old ?? null) === canonicalJson(wanted ?? null) ? [] : [changeOf(name, old, wanted)];
  });
}

/**
 * Puts text from specs on one line and cuts its middle when it is too long, because names usually differ at their ends.
 */
export function shortened(text: string): string {
  const safe = escapeControls(String(text));
  const half = (LONGEST_ALONE - CUT.length) / 2;
  return safe.length <= LONGEST_ALONE
    ? safe
    : escapeControls(`${safe.slice(0, Math.ceil(half))}${CUT}${safe.slice(-Math.floor(half))}`);
}

/** Whether `value` is a list of texts. */
export function isList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/**
 * Splits the quoted items of `list` into those that `other` lacks and those that it has; repeated items are counted.
 */
function split(list: readonly string[], other: readonly string[]): [string[], string[]] {
  const left = new Map<string, number>();
  for (const item of other) left.set(item, (left.get(item) ?? 0) + 1);
  const [missing, common]: [string[], string[]] = [[], []];
  for (const item of list) {
    const count = left.get(item) ?? 0;
    left.set(item, count - 1);
    (count > 0 ? common : missing).push(quoted(item));
  }
  return [missing, common];
}

function arrow(before: string, after: string, longest: number): string {
  const isWhole = before.length <= longest && after.length <= longest;
  const from = isWhole ? 0 : Math.max(0, firstDifference(before, after) - CONTEXT);
  return `${piece(before, from, longest)} -> ${piece(after, from, longest)}`;
}

function firstDifference(a: string, b: string): number {
  let index = 0;
  while (index < a.length && a[index] === b[index]) index += 1;
  return index;
}

function piece(text: string, from: number, longest: number): string {
  const rest = text.slice(from);
  // The text is escaped again, because the cut may leave half of a surrogate pair.
  return escapeControls(
    `${from > 0 ? CUT : ''}${rest.length > longest ? `${rest.slice(0, longest - CUT.length)}${CUT}` : rest}`,
  );
}

function plain(value: unknown): string {
  return typeof value === 'string' && !value.includes(' -> ') ? escapeControls(value) : quoted(value);
}

function quoted(value: unknown): string {
  return value === undefined || value === null ? 'none' : escapeControls(canonicalJson(value));
}
