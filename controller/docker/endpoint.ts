import { join } from 'node:path';
import { contextEndpoint, currentContext } from './docker-context.js';
import { EndpointError } from './endpoint-error.js';
import { readTls, type TlsMaterial } from './tls-files.js';

export { EndpointError } from './endpoint-error.js';

interface Described {
  /** The address as a person writes it, e.g. `unix:///var/run/docker.sock`. */
  readonly host: string;
  /** The setting that named it: `DOCKER_HOST`, `context NAME` or `default socket`. */
  readonly origin: string;
}

export interface SocketEndpoint extends Described {
  readonly kind: 'socket';
  readonly socketPath: string;
}

export interface TcpEndpoint extends Described {
  readonly kind: 'tcp';
  readonly protocol: 'http' | 'https';
  readonly hostname: string;
  readonly port: number;
  /** The TLS files; null for plain HTTP, or for HTTPS that is verified with the system's authorities. */
  readonly tls: TlsMaterial | null;
}

export type EngineEndpoint = SocketEndpoint | TcpEndpoint;
export type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_SOCKET = '/var/run/docker.sock';

/**
 * Finds the engine that the docker command line would use: `DOCKER_HOST`, else `DOCKER_CONTEXT` or the current context,
 * else the default socket. Throws `EndpointError`. `home` is the user's home directory.
 */
export async function findEndpoint(env: Environment, home: string): Promise<EngineEndpoint> {
  const configDir = env['DOCKER_CONFIG'] || join(home, '.docker');
  const host = env['DOCKER_HOST']?.trim();
  if (host) {
    const wantsTls = Boolean(env['DOCKER_TLS_VERIFY']);
    const files = env['DOCKER_CERT_PATH'] || configDir;
    return parseHost(
      host,
      'DOCKER_HOST',
      wantsTls ? () => readTls(files, 'DOCKER_CERT_PATH', { required: true, verify: true }) : null,
    );
  }
  const context = env['DOCKER_CONTEXT'] || (await currentContext(configDir));
  if (context === null || context === 'default') {
    return { kind: 'socket', host: `unix://${DEFAULT_SOCKET}`, origin: 'default socket', socketPath: DEFAULT_SOCKET };
  }
  const found = await contextEndpoint(
    configDir,
    context,
    env['DOCKER_CONTEXT'] ? 'DOCKER_CONTEXT' : join(configDir, 'config.json'),
  );
  return parseHost(found.host, `context ${context}`, found.readTls);
}

async function parseHost(
  host: string,
  origin: string,
  tls: (() => Promise<TlsMaterial | null>) | null,
): Promise<EngineEndpoint> {
  const [, scheme = 'tcp', rest = ''] = /^(?:([a-z0-9+.-]+):\/\/)?(.*)$/i.exec(host) ?? [];
  switch (scheme.toLowerCase()) {
    case 'unix':
      return { kind: 'socket', host, origin, socketPath: rest || DEFAULT_SOCKET };
    case 'tcp':
      return tcpEndpoint(host, origin, rest, tls === null ? null : await tls(), tls !== null);
    case 'http':
      return tcpEndpoint(host, origin, rest, null, false);
    case 'https':
      return tcpEndpoint(host, origin, rest, tls === null ? null : await tls(), true);
    case 'ssh':
      throw new EndpointError(
        `${origin}: ${host}: ssh:// is not supported. Forward the socket, ` +
          `ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock ${rest || 'HOST'}, ` +
          'and set DOCKER_HOST=unix:///tmp/docker.sock',
      );
    default:
      throw new EndpointError(
        `${origin}: ${host}: unknown scheme ${scheme}://. Use unix:///path, tcp://host:port, http:// or https://`,
      );
  }
}

function tcpEndpoint(
  host: string,
  origin: string,
  address: string,
  tls: TlsMaterial | null,
  secure: boolean,
): TcpEndpoint {
  const url = URL.canParse(`http://${address}`) ? new URL(`http://${address}`) : null;
  if (url === null || url.hostname === '' || url.pathname !== '/' || url.search !== '' || url.username !== '') {
    throw new EndpointError(`${origin}: ${host}: not an address. Write it as tcp://host:port`);
  }
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1');
  // `URL` drops `:80`, because it is the default port of HTTP.
  const port = /:80$/.test(address.replace(/\/$/, '')) ? 80 : Number(url.port || (secure ? 2376 : 2375));
  return { kind: 'tcp', host, origin, protocol: secure ? 'https' : 'http', hostname, port, tls };
}
