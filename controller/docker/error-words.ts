/** What Node.js throws, told by its fields: `instanceof Error` fails across realms, as under a test runner. */

/** E.g. `ENOENT`; empty when there is none. */
export function errorCode(error: unknown): string {
  const code: unknown = error !== null && typeof error === 'object' && 'code' in error ? error.code : '';
  return typeof code === 'string' ? code : '';
}

export function messageOf(error: unknown): string {
  return error !== null && typeof error === 'object' && 'message' in error ? String(error.message) : String(error);
}
