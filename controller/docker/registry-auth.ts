import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Secret } from '../model/secret.js';
import { askHelper } from './credential-helper.js';
import { errorCode, messageOf } from './error-words.js';
import { DOCKER_HUB } from './image-name.js';
import { EngineError } from './port.js';
import { asObject, asText, parseJson, type JsonObject } from './shapes.js';

/**
 * The value of `X-Registry-Auth` for a registry, from the `config.json` that `docker login` writes: the credentials are
 * inline, or a `docker-credential-…` helper has them. Null when there are none.
 */
export async function registryAuth(dockerConfigDir: string, registry: string): Promise<Secret | null> {
  const file = join(dockerConfigDir, 'config.json');
  try {
    const config = await readConfig(file);
    if (config === null) return null;
    const helper = helperFor(config, registry);
    const credentials =
      helper === null ? inlineCredentials(config, registry) : await askHelper(`docker-credential-${helper}`, registry);
    return credentials === null ? null : encode({ ...credentials, serveraddress: registry });
  } catch (error) {
    throw new EngineError(
      'pull-failed',
      'pullImage',
      `The credentials for ${registry} in ${file} cannot be used: ${messageOf(error)}`,
    );
  }
}

async function readConfig(file: string): Promise<JsonObject | null> {
  try {
    return asObject(parseJson(await readFile(file, 'utf8'), 'it'), 'it');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

function helperFor(config: JsonObject, registry: string): string | null {
  const own = asObject(config['credHelpers'] ?? {}, 'credHelpers')[registry] ?? config['credsStore'] ?? '';
  const helper = asText(own, 'the credential helper');
  return helper === '' ? null : helper;
}

function inlineCredentials(config: JsonObject, registry: string): Record<string, string> | null {
  const auths = asObject(config['auths'] ?? {}, 'auths');
  const key = Object.keys(auths).find((name) => name === registry || hostOf(name) === hostOf(registry));
  if (key === undefined) return null;
  const entry = asObject(auths[key], 'its entry');
  if (typeof entry['identitytoken'] === 'string' && entry['identitytoken'] !== '')
    return { identitytoken: entry['identitytoken'] };
  if (typeof entry['auth'] !== 'string' || entry['auth'] === '') return null;
  const [username = '', ...password] = Buffer.from(entry['auth'], 'base64').toString('utf8').split(':');
  return { username, password: password.join(':') };
}

function hostOf(address: string): string {
  return address === DOCKER_HUB ? address : address.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

function encode(credentials: Record<string, string>): Secret {
  const text = Buffer.from(JSON.stringify(credentials)).toString('base64');
  // The engine decodes URL-safe base64 with padding.
  return new Secret(text.replaceAll('+', '-').replaceAll('/', '_'));
}
