/**
 * Reads the fields of what Node.js throws, because `instanceof Error` fails across realms, for example in a test
 * runner.
 */

/** The code of an error, e.g. `ENOENT`; empty when it has none. */
export function errorCode(error: unknown): string {
  const code: unknown = error !== null && typeof error === 'object' && 'code' in error ? error.code : '';
  return typeof code === 'string' ? code : '';
}

/** The message of an error; of any other thrown value its text. */
export function messageOf(error: unknown): string {
  return error !== null && typeof error === 'object' && 'message' in error ? String(error.message) : String(error);
}
