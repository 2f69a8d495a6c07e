import { readFile } from 'node:fs/promises';

/**
 * The secret in `file`; rejects as `readFile` does. One line break at the end belongs to the file, not to the secret.
 */
export async function readSecretFile(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
}
