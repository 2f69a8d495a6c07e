// The engine in use, found as the docker command line finds it.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { call } from './engine-api.mjs';

const DEFAULT_HOST = 'unix:///var/run/docker.sock';

/** The host, its TLS files and where that was said: DOCKER_HOST, else the current context, else the default socket. */
export function configuredEngine(env = process.env) {
  const configDir = env.DOCKER_CONFIG || join(homedir(), '.docker');
  if (env.DOCKER_HOST) {
    const wantsTls = Boolean(env.DOCKER_TLS_VERIFY || env.DOCKER_TLS);
    return {
      host: env.DOCKER_HOST,
      tls: wantsTls ? tlsFrom(env.DOCKER_CERT_PATH || configDir) : undefined,
      said: 'DOCKER_HOST',
    };
  }
  const context = env.DOCKER_CONTEXT || readJson(join(configDir, 'config.json')).currentContext;
  if (!context || context === 'default') return { host: DEFAULT_HOST, said: 'the default socket' };
  const id = createHash('sha256').update(context).digest('hex');
  const endpoint = readJson(join(configDir, 'contexts/meta', id, 'meta.json')).Endpoints?.docker;
  const tlsDir = join(configDir, 'contexts/tls', id, 'docker');
  return {
    host: endpoint?.Host || DEFAULT_HOST,
    tls: existsSync(tlsDir) ? tlsFrom(tlsDir) : undefined,
    said: `the docker context ${context}`,
  };
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}

function tlsFrom(folder) {
  const file = (name) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name)) : undefined);
  return { ca: file('ca.pem'), cert: file('cert.pem'), key: file('key.pem') };
}

/** `{ engine, problem }`: the configured engine when it answers within three seconds, else why it is not used. */
export async function findEngine() {
  const engine = configuredEngine();
  try {
    await call(engine.host, 'GET', '/_ping', { tls: engine.tls, idleMs: 3_000 });
    return { engine, problem: null };
  } catch (error) {
    const denied = error.code === 'EACCES' ? ' (give your user access to the socket, e.g. by the group docker)' : '';
    const reason =
      { ENOENT: 'no such socket', ECONNREFUSED: 'nothing listens there', EACCES: 'permission denied' }[error.code] ??
      error.message;
    return { engine: null, problem: `no engine answers at ${engine.host}, from ${engine.said}: ${reason}${denied}` };
  }
}
