import { readFile } from 'node:fs/promises';

/** Reads the secret in `file`; rejects as `readFile` does. One line break at the end is not part of the secret. */
export async function readSecretFile(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
}
