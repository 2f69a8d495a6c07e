import { scrypt } from 'node:crypto';
import { join } from 'node:path';
import { Secret } from '../model/secret.js';
import { errorCode, ioWords, isInside, isRacy, stampOf } from './file-system.js';
import type { FileSystem } from './file-system.js';
import { quote } from './problem.js';
import { readWhole } from './read.js';

/** The engine passes the environment through a command line of its own: values beyond this are a mistake. */
const MAX_SECRET_BYTES = 32 * 1024;
const SCRYPT = { N: 16_384, r: 8, p: 1 };
const DIGEST_BYTES = 16;
const UNREADABLE = 'unreadable';

export interface SecretReading {
  /** Null when it can't be read now. */
  readonly secret: Secret | null;
  /** Of the last value that could be read. */
  readonly digest: string;
  /** What is wrong and what to do; never a word of the content. */
  readonly message: string | null;
}

/** The secrets of one scan: each file is looked at once, however many variables name it. */
export interface SecretScan {
  read(workspace: string, variable: string, file: string): Promise<SecretReading>;
  /** Drops what no spec of this scan asked for. */
  end(): void;
}

export interface SecretReader {
  scan(): SecretScan;
}

type Content = { readonly secret: Secret } | { readonly fault: string };

export function createSecretReader(options: { directory: string | null; instance: string; fs: FileSystem }): SecretReader {
  const { directory, instance, fs } = options;
  /** By file name; spares reading a file that did not change. */
  let contents = new Map<string, { readonly stampId: string; readonly content: Content }>();
  /** By workspace and variable; spares the slow hash of a value that did not change. */
  let digests = new Map<string, { readonly secret: Secret; readonly digest: string }>();

  const lookAt = async (root: string, file: string): Promise<{ stampId: string; content: Content }> => {
    const path = await fs.realpath(join(root, file));
    if (!isInside(await fs.realpath(root), path)) return fault('is a link that leads out of the secrets directory: copy the target into it');
    const stats = await fs.stat(path);
    if (!stats.isFile()) return fault('is not a regular file: replace it');
    const known = contents.get(file);
    if (known?.stampId === stampOf(stats).id) return known;
    const result = await readWhole(fs, path, MAX_SECRET_BYTES);
    if (result.kind === 'gone') return fault('does not exist: put it there, readable for the controller');
    if (result.kind === 'changing') return fault('is being written');
    if (result.kind === 'failed') return fault(`is not usable: ${result.message}`);
    // A racy stamp is not kept: the file is read again next time.
    return { stampId: isRacy(result.stamp, Date.now()) ? '' : result.stamp.id, content: decode(result.bytes) };
  };

  const readContent = async (root: string, file: string): Promise<{ stampId: string; content: Content }> => {
    try {
      return await lookAt(root, file);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return fault('does not exist: put it there, readable for the controller');
      return fault(`cannot be read: ${ioWords(error)}: make it readable for the controller`);
    }
  };

  return {
    scan() {
      const looked = new Map<string, ReturnType<typeof readContent>>();
      const nextContents: typeof contents = new Map();
      const nextDigests: typeof digests = new Map();
      return {
        async read(workspace, variable, file) {
          const key = `${workspace}/${variable}`;
          const known = digests.get(key);
          const missing = (message: string): SecretReading => {
            if (known) nextDigests.set(key, known);
            return { secret: null, digest: known?.digest ?? UNREADABLE, message: `${variable}: ${message}` };
          };
          if (directory === null) return missing(`the secret file ${quote(file)} needs a secrets directory: start the controller with --secrets-dir`);
          const reading = looked.get(file) ?? readContent(directory, file);
          looked.set(file, reading);
          const { stampId, content } = await reading;
          if ('fault' in content) return missing(`the secret file ${quote(file)} in ${quote(directory)} ${content.fault}`);
          nextContents.set(file, { stampId, content });
          const { secret } = content;
          const digest = known?.secret.reveal() === secret.reveal() ? known.digest : await slowHash(secret, `kalpana/${instance}/${workspace}/${variable}`);
          nextDigests.set(key, { secret, digest });
          return { secret, digest, message: null };
        },
        end() {
          contents = nextContents;
          digests = nextDigests;
        },
      };
    },
  };
}

function fault(words: string): { stampId: string; content: Content } {
  return { stampId: '', content: { fault: words } };
}

/** One line break at the end belongs to the file, not to the value. */
function decode(bytes: Uint8Array): Content {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { fault: 'is not valid UTF-8: save it as text' };
  }
  if (text.includes('\0')) return { fault: 'holds a NUL character: remove it' };
  return { secret: new Secret(text.replace(/\r?\n$/, '')) };
}

/** Slow on purpose, as the digest stands in a label: trying out short secrets must not be cheap. */
function slowHash(secret: Secret, salt: string): Promise<string> {
  return new Promise((resolve, reject) => {
    scrypt(secret.reveal(), salt, DIGEST_BYTES, SCRYPT, (error, key) => {
      if (error) reject(error);
      else resolve(`scrypt:${key.toString('hex')}`);
    });
  });
}
