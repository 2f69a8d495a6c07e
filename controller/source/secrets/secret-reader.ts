import { scrypt } from 'node:crypto';
import type { Secret } from '../../model/secret.js';
import type { EnvVar } from '../../model/workspace.generated.js';
import type { FileSystem } from '../files/file-system.js';
import { quote } from '../parse/problem.js';
import type { WorkspaceDefinition } from '../parse/spec-file.js';
import { createAgeOpener } from './age-opener.js';
import { lookBeside } from './age-files.js';
import { decodeSecret, MAX_SECRET_BYTES, type Content } from './content.js';
import { createSmallFiles } from './small-files.js';

const SCRYPT = { N: 16_384, r: 8, p: 1 };
const DIGEST_BYTES = 16;
const UNREADABLE = 'unreadable';

export interface SecretReading {
  /** Null when the secret cannot be read now. */
  readonly secret: Secret | null;
  /** The digest of the last value that could be read. */
  readonly digest: string;
  /** What is wrong and what to do, without any of the content; null when nothing is wrong. */
  readonly message: string | null;
}

/** The secrets of one scan: each file is read once, however many variables name it. */
export interface SecretScan {
  read(
    definition: WorkspaceDefinition,
    variable: string,
    from: NonNullable<EnvVar['valueFrom']>,
  ): Promise<SecretReading>;
  /** Forgets what no spec of this scan has requested. */
  end(): void;
}

export interface SecretReader {
  scan(): SecretScan;
}

/** How a source's encrypted files are read. */
export interface AgeSource {
  readonly identityFile: string | null;
  /** The option that sets the identity file. */
  readonly option: string;
  /** The source's directory; null for a git source, whose definitions contain their encrypted files. */
  readonly root: string | null;
}

export interface SecretReaderOptions {
  readonly directory: string | null;
  readonly instance: string;
  readonly fs: FileSystem;
  /** The age settings by source, so that one team's key does not open a file that another team has copied. */
  readonly age: ReadonlyMap<string, AgeSource>;
}

/**
 * Creates a reader of secrets that remembers, from scan to scan, digests and the decrypted values of files that have
 * not changed.
 */
export function createSecretReader({ directory, instance, fs, age }: SecretReaderOptions): SecretReader {
  const files = createSmallFiles(fs);
  const ageSources = new Map(
    [...age].map(([id, { identityFile, option, root }]) => [
      id,
      { root, open: createAgeOpener(identityFile, option, files) },
    ]),
  );
  /** Digests by workspace and variable. A value that has not changed is not hashed again, because hashing is slow. */
  let digests = new Map<string, { readonly secret: Secret; readonly digest: string }>();

  /** Reads a content; the description of a fault is a whole sentence. */
  const contentOf = async (
    definition: WorkspaceDefinition,
    { secretFile, ageFile }: NonNullable<EnvVar['valueFrom']>,
  ): Promise<Content> => {
    if (ageFile !== undefined)
      return faultWith(`the age file ${quote(ageFile)}`, await ageContent(definition, ageFile));
    const file = secretFile ?? '';
    if (directory === null)
      return {
        fault: `the secret file ${quote(file)} needs a secrets directory: start the controller with --secrets-dir`,
      };
    const looked = await files.look(directory, file, MAX_SECRET_BYTES);
    return faultWith(
      `the secret file ${quote(file)} in ${quote(directory)}`,
      'fault' in looked ? looked : decodeSecret(looked.bytes),
    );
  };

  const ageContent = async (definition: WorkspaceDefinition, file: string): Promise<Content> => {
    const source = ageSources.get(definition.location.source);
    if (source === undefined) return { fault: 'is of a source that is not configured any more' };
    if (source.root !== null) {
      const looked = await lookBeside(files, source.root, definition.location.file, file);
      return 'fault' in looked ? looked : source.open(looked.bytes);
    }
    const sealed = definition.sealed.get(file);
    return sealed === undefined ? { fault: 'is not known until the repository has been read' } : source.open(sealed);
  };

  return {
    scan() {
      const nextDigests: typeof digests = new Map();
      return {
        async read(definition, variable, from) {
          const key = `${definition.name}/${variable}`;
          const known = digests.get(key);
          const content = await contentOf(definition, from);
          if ('fault' in content) {
            if (known) nextDigests.set(key, known);
            return { secret: null, digest: known?.digest ?? UNREADABLE, message: `${variable}: ${content.fault}` };
          }
          const { secret } = content;
          const digest =
            known?.secret.reveal() === secret.reveal()
              ? known.digest
              : await slowHash(secret, `kalpana/${instance}/${key}`);
          nextDigests.set(key, { secret, digest });
          return { secret, digest, message: null };
        },
        end() {
          files.end();
          digests = nextDigests;
        },
      };
    },
  };
}

function faultWith(subject: string, content: Content): Content {
  return 'fault' in content ? { fault: `${subject} ${content.fault}` } : content;
}

/** Hashes slowly on purpose: the digest is in a label, and guessing short secrets must not be cheap. */
function slowHash(secret: Secret, salt: string): Promise<string> {
  return new Promise((resolve, reject) => {
    scrypt(secret.reveal(), salt, DIGEST_BYTES, SCRYPT, (error, key) => {
      if (error) reject(error);
      else resolve(`scrypt:${key.toString('hex')}`);
    });
  });
}
