/** The message of an error in one line. */
export function errorText(error: unknown): string {
  const text =
    typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
  return text.replace(/\s*\n\s*/g, ' ');
}
