import { Secret } from '../../model/secret.js';

/**
 * The largest value of a secret, in bytes: the engine passes variables through a command line, which limits their size.
 */
export const MAX_SECRET_BYTES = 32 * 1024;

/**
 * A secret's value, or a description of what is wrong with its file, which follows the file's name in a message and
 * never quotes the content.
 */
export type Content = { readonly secret: Secret } | { readonly fault: string };

/** Decodes the value in a file's bytes. One line break at the end is not part of the value. */
export function decodeSecret(bytes: Uint8Array): Content {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { fault: 'is not valid UTF-8: save it as text' };
  }
  if (text.includes('\0')) return { fault: 'holds a NUL character: remove it' };
  return { secret: new Secret(text.replace(/\r?\n$/, '')) };
}
