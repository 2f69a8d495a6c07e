import { Secret } from '../../model/secret.js';

/** The engine passes the environment through a command line of its own: values beyond this are a mistake. */
export const MAX_SECRET_BYTES = 32 * 1024;

/** A secret's value, or what is wrong with where it should come from: words that follow the file's name, and no word of the content. */
export type Content = { readonly secret: Secret } | { readonly fault: string };

/** One line break at the end belongs to the file, not to the value. */
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
