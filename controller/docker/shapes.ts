/** Checks an engine's answers, because a proxy or a lost connection can produce any answer (trap dockerode-2). */

/** Describes in one line what is wrong with an answer, without quoting it, because an inspect contains secrets. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** Parses a JSON text; throws a ShapeError. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The parser's own message quotes the text, so it is not kept as the `cause`.
    throw new ShapeError(text === '' ? `${what} is empty` : `${what} is truncated or not JSON`);
  }
}

/** Checks for an object that is not a list; throws a ShapeError. */
export function asObject(value: unknown, what: string): JsonObject {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new ShapeError(`${what} is not an object`);
  return value as JsonObject;
}

/** Checks for a list; throws a ShapeError. */
export function asArray(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new ShapeError(`${what} is not a list`);
  return value;
}

/** Checks for a text, which may be empty; throws a ShapeError. */
export function asText(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new ShapeError(`${what} is not a text`);
  return value;
}

/**
 * Checks for a text that identifies something. It must not be empty, because an empty one would match anything; throws
 * a ShapeError.
 */
export function asName(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '') throw new ShapeError(`${what} is missing`);
  return value;
}

/** Checks for a finite number; throws a ShapeError. */
export function asNumber(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new ShapeError(`${what} is not a number`);
  return value;
}

/** Checks for labels or attributes; the engine writes `null` when there are none. Throws a ShapeError. */
export function asTextMap(value: unknown, what: string): Readonly<Record<string, string>> {
  if (value === null || value === undefined) return {};
  const map = asObject(value, what);
  for (const [key, item] of Object.entries(map)) asText(item, `${what}.${key}`);
  return map as Readonly<Record<string, string>>;
}

/** Checks for a list that the engine writes as `null` when it is empty; throws a ShapeError. */
export function asArrayOrNull(value: unknown, what: string): readonly unknown[] {
  return value === null || value === undefined ? [] : asArray(value, what);
}
