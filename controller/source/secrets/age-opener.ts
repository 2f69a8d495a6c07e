import { basename, dirname } from 'node:path';
import type * as age from 'age-encryption';
import { quote } from '../parse/problem.js';
import { decodeSecret, MAX_SECRET_BYTES, type Content } from './content.js';
import type { SmallFiles } from './small-files.js';

/** The largest encrypted file, with room for a value in ASCII armour for many recipients. */
export const MAX_AGE_BYTES = 3 * MAX_SECRET_BYTES;
const MAX_IDENTITY_BYTES = 64 * 1024;
/**
 * The most recipients of a file, because each one costs a curve operation per key, and a file of 96 KiB has room for
 * 850.
 */
const MAX_RECIPIENTS = 100;
const BINARY_START = 'age-encryption.org/';
const ARMOUR_START = '-----BEGIN AGE ENCRYPTED FILE-----';
const IDENTITY = /^AGE-SECRET-KEY-(PQ-)?1[0-9A-Z]+$/;
/** A message of age-encryption 0.3. */
const NOT_FOR_US = /no identity matched/;

/** Decrypts what is encrypted for the keys of one identity file, which may be replaced at any time. */
export type AgeOpener = (sealed: Uint8Array) => Promise<Content>;

interface Keys {
  readonly bytes: Uint8Array;
  readonly parsed: ReturnType<typeof parseIdentities>;
  /**
   * Decrypted contents by the object that contains the bytes; a file that has not changed is passed as the same object.
   */
  readonly opened: WeakMap<Uint8Array, Promise<Content>>;
}

/**
 * Describes what is wrong with the form of an age file; null when it is good. A plain secret must not be accepted as an
 * encrypted one.
 */
export function faultOfForm(bytes: Uint8Array): string | null {
  const start = Buffer.from(bytes.subarray(0, 64)).toString('latin1').trimStart();
  if (start.startsWith(BINARY_START) || start.startsWith(ARMOUR_START)) return null;
  return 'is not encrypted with age: encrypt it; if it holds the secret in clear, change the secret too';
}

type Library = Pick<typeof age, 'Decrypter' | 'identityToRecipient' | 'armor'>;

// Loaded on demand, because most controllers do not use it.
const loadLibrary = (): Promise<Library> => import('age-encryption');

/**
 * Creates the function that opens age files with the keys of `identityFile`; without one (null) every file is a fault.
 * `option` is the option that sets it, for messages. `load` loads the decrypting library.
 */
export function createAgeOpener(
  identityFile: string | null,
  option: string,
  files: SmallFiles,
  load = loadLibrary,
): AgeOpener {
  let keys: Keys | null = null;

  return async (sealed) => {
    const fault = faultOfForm(sealed);
    if (fault !== null) return { fault };
    if (identityFile === null) return { fault: `needs a key: start the controller with ${option}` };
    const unusable = (words: string): Content => ({
      fault: `cannot be decrypted: the identity file ${quote(identityFile)} ${words}`,
    });
    const identity = await files.look(dirname(identityFile), basename(identityFile), MAX_IDENTITY_BYTES);
    if ('fault' in identity) return unusable(identity.fault);
    let library: Library;
    try {
      library = await load();
    } catch {
      // The cause is temporary: too many open files, or a package that is being replaced.
      return { fault: 'cannot be decrypted: the package age-encryption cannot be loaded' };
    }
    if (keys?.bytes !== identity.bytes)
      keys = { bytes: identity.bytes, parsed: parseIdentities(identity.bytes, library), opened: new WeakMap() };
    const { parsed, opened } = keys;
    const content =
      opened.get(sealed) ??
      parsed.then((read) => ('fault' in read ? unusable(read.fault) : open(sealed, read, library)));
    opened.set(sealed, content);
    return content;
  };
}

type Identities =
  /** `recipient` is that of the first key. */
  { readonly decrypter: age.Decrypter; readonly recipient: string } | { readonly fault: string };

async function parseIdentities(bytes: Uint8Array, { Decrypter, identityToRecipient }: Library): Promise<Identities> {
  const decrypter = new Decrypter();
  let recipient: string | null = null;
  for (const [index, line] of Buffer.from(bytes).toString('utf8').split(/\r?\n/).entries()) {
    const text = line.trim();
    if (text === '' || text.startsWith('#')) continue;
    const fault = { fault: `is no file of age identities (line ${index + 1}): make one with age-keygen` };
    if (!IDENTITY.test(text)) return fault;
    try {
      decrypter.addIdentity(text);
      recipient ??= await identityToRecipient(text);
    } catch {
      return fault;
    }
  }
  return recipient === null ? { fault: 'holds no key: make one with age-keygen' } : { decrypter, recipient };
}

async function open(
  sealed: Uint8Array,
  { decrypter, recipient }: Exclude<Identities, { readonly fault: string }>,
  { armor }: Library,
): Promise<Content> {
  try {
    const bare = unarmoured(sealed, armor);
    if (recipientsOf(bare) > MAX_RECIPIENTS)
      return { fault: `is encrypted for more than ${MAX_RECIPIENTS} recipients: encrypt it for fewer` };
    const plain = await decrypter.decrypt(bare);
    if (plain.length > MAX_SECRET_BYTES)
      return { fault: `holds a value larger than ${MAX_SECRET_BYTES / 1024} KiB: make it smaller` };
    return decodeSecret(plain);
  } catch (error) {
    const isForOthers = error instanceof Error && NOT_FOR_US.test(error.message);
    return {
      fault: isForOthers
        ? `is not encrypted for the controller's key: encrypt it for ${recipient}`
        : 'is damaged: encrypt the value anew',
    };
  }
}

/** Counts the recipients in the header; what follows the header may be anything. */
function recipientsOf(sealed: Uint8Array): number {
  const text = Buffer.from(sealed).toString('latin1');
  const end = text.indexOf('\n---');
  return text.slice(0, end < 0 ? text.length : end).split('\n-> ').length - 1;
}

function unarmoured(sealed: Uint8Array, armor: Library['armor']): Uint8Array {
  const text = Buffer.from(sealed).toString('latin1');
  if (!text.trimStart().startsWith(ARMOUR_START)) return sealed;
  return armor.decode(text);
}
