import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Secret } from '../model/secret.js';
import { EndpointError } from './endpoint-error.js';
import { errorCode } from './error-words.js';

/**
 * TLS files as PEM texts. Without `ca` the system's authorities are used; `cert` and `key` exist together or not at
 * all.
 */
export interface TlsMaterial {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: Secret | null;
  /** False when any certificate of the server is accepted (a context's `SkipTLSVerify`). */
  readonly verify: boolean;
}

/**
 * Reads `ca.pem`, `cert.pem` and `key.pem`; null when there are none and none are required. `said` is the variable or
 * the context that named `dir`, for messages. Throws an EndpointError.
 */
export async function readTls(
  dir: string,
  said: string,
  how: { readonly required: boolean; readonly verify: boolean },
): Promise<TlsMaterial | null> {
  const [ca, cert, key] = await Promise.all(
    ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readPem(join(dir, name), said)),
  );
  if (how.required && ca === null)
    throw new EndpointError(
      `${said}: there is no ${join(dir, 'ca.pem')}. ` +
        `Put the authority's certificate there, or set ${said} to its directory`,
    );
  if ((cert === null) !== (key === null)) {
    throw new EndpointError(`${said}: of cert.pem and key.pem in ${dir} only one is there. Add the other one`);
  }
  if (ca === null && cert === null && how.verify) return null;
  return { ca: ca ?? null, cert: cert ?? null, key: key ? new Secret(key) : null, verify: how.verify };
}

async function readPem(file: string, said: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return null;
    throw new EndpointError(`${said}: ${file} cannot be read (${code}). Make it readable for this user`, {
      cause: error,
    });
  }
}
