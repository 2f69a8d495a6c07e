import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EndpointError } from './endpoint-error.js';
import { errorCode, messageOf } from './error-words.js';
import { asObject, asName, asText, parseJson, type JsonObject } from './shapes.js';
import { readTls, type TlsMaterial } from './tls-files.js';

export interface ContextEndpoint {
  readonly host: string;
  /** Reads the TLS files; null when the context has no TLS settings at all. */
  readonly readTls: (() => Promise<TlsMaterial | null>) | null;
}

/**
 * Reads `currentContext` from the `config.json` of the docker command line; null when there is none. Throws an
 * EndpointError.
 */
export async function currentContext(configDir: string): Promise<string | null> {
  const file = join(configDir, 'config.json');
  const config = await readJson(file, 'the docker configuration');
  if (config === null) return null;
  try {
    return asText(config['currentContext'] ?? '', 'currentContext') || null;
  } catch (error) {
    throw new EndpointError(`${file}: currentContext is not a text. Mend the file, or set DOCKER_HOST`, {
      cause: error,
    });
  }
}

/**
 * The endpoint of a context. `said` names the setting that chose the context, for messages. Throws an EndpointError.
 */
export async function contextEndpoint(configDir: string, name: string, said: string): Promise<ContextEndpoint> {
  const id = createHash('sha256').update(name).digest('hex');
  const file = join(configDir, 'contexts', 'meta', id, 'meta.json');
  const meta = await readJson(file, `the context ${name}`);
  if (meta === null)
    throw new EndpointError(
      `${said}: there is no context "${name}" (${file}). See docker context ls, or set DOCKER_HOST`,
    );
  const tlsDir = join(configDir, 'contexts', 'tls', id, 'docker');
  try {
    const docker = asObject(asObject(meta['Endpoints'], 'Endpoints')['docker'], 'Endpoints.docker');
    const verify = docker['SkipTLSVerify'] !== true;
    const material = await readTls(tlsDir, `context ${name}`, { required: false, verify });
    return {
      host: asName(docker['Host'], 'Endpoints.docker.Host'),
      readTls: material === null ? null : () => Promise.resolve(material),
    };
  } catch (error) {
    if (error instanceof EndpointError) throw error;
    throw new EndpointError(`${file}: ${messageOf(error)}. Make the context anew with docker context create`, {
      cause: error,
    });
  }
}

async function readJson(file: string, what: string): Promise<JsonObject | null> {
  try {
    return asObject(parseJson(await readFile(file, 'utf8'), 'it'), 'it');
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return null;
    const wrong = code === '' ? messageOf(error) : `it cannot be read (${code})`;
    throw new EndpointError(`${file}: ${what}: ${wrong}. Mend the file, or set DOCKER_HOST`, { cause: error });
  }
}
