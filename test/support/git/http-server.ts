import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';

/** How the server misbehaves. */
export type GitHttpFault =
  | { readonly kind: 'hang' }
  /** Some bytes of the pack, then silence, or the end of the connection. */
  | { readonly kind: 'hang-in-pack' | 'cut-in-pack' }
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'garbage' }
  | { readonly kind: 'endless' }
  | { readonly kind: 'redirect'; readonly to: string };

export interface GitHttpServer {
  readonly origin: string;
  url(repository: string): string;
  readonly requests: readonly {
    readonly method: string;
    readonly path: string;
    readonly authorization: string | null;
  }[];
  /** Null: it behaves. */
  fault(fault: GitHttpFault | null): void;
  stop(): Promise<void>;
}

export interface GitHttpOptions {
  /** The repositories' directory. */
  readonly root: string;
  readonly auth?: { readonly user: string; readonly password: () => string };
  readonly tls?: { readonly key: string; readonly cert: string };
}

const BACKEND = join(execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim(), 'git-http-backend');

/** git's own smart-http server on loopback. */
export async function serveGit({ root, auth, tls }: GitHttpOptions): Promise<GitHttpServer> {
  const requests: { method: string; path: string; authorization: string | null }[] = [];
  const sockets = new Set<Socket>();
  const children = new Set<ChildProcess>();
  let fault: GitHttpFault | null = null;

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const [path = '/', query = ''] = (request.url ?? '/').split('?');
    const authorization = request.headers.authorization ?? null;
    requests.push({ method: request.method ?? '', path, authorization });
    if (
      auth !== undefined &&
      authorization !== `Basic ${Buffer.from(`${auth.user}:${auth.password()}`).toString('base64')}`
    ) {
      return void response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end('who are you?');
    }
    const isPack = path.endsWith('/git-upload-pack');
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'status') return void response.writeHead(fault.status).end('no');
    if (fault?.kind === 'redirect')
      return void response.writeHead(302, { Location: `${fault.to}${request.url ?? ''}` }).end();
    if (fault?.kind === 'garbage')
      return void response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>Please log in</html>');
    backend(request, response, path, query, isPack ? fault : null);
  }

  function backend(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    query: string,
    misbehaviour: GitHttpFault | null,
  ): void {
    const child = spawn(BACKEND, [], {
      env: {
        PATH: process.env['PATH'],
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_CONFIG_GLOBAL: '/dev/null',
        PATH_INFO: path,
        QUERY_STRING: query,
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
        REMOTE_ADDR: '127.0.0.1',
      },
    });
    children.add(child);
    child.on('close', () => children.delete(child));
    child.stdin.on('error', () => undefined);
    request.pipe(child.stdin);
    let head: Buffer | null = Buffer.alloc(0);
    child.stdout.on('data', (chunk: Buffer) => {
      if (head === null) return send(chunk);
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      const lines = head
        .toString('latin1', 0, end)
        .split('\r\n')
        .map((line) => line.split(': ') as [string, string]);
      const status = Number(lines.find(([name]) => name === 'Status')?.[1]?.slice(0, 3) ?? 200);
      response.writeHead(status, Object.fromEntries(lines.filter(([name]) => name !== 'Status')));
      const rest = head.subarray(end + 4);
      head = null;
      send(rest);
    });
    child.stdout.on('end', () => {
      if (misbehaviour === null) response.end();
    });

    function send(bytes: Buffer): void {
      // The acknowledgement of a listing is not the pack yet.
      const isPack = misbehaviour !== null && bytes.includes('PACK');
      if (!isPack) return void response.write(bytes);
      response.write(bytes.subarray(0, Math.floor(bytes.length / 2)));
      child.kill('SIGKILL');
      if (misbehaviour.kind === 'cut-in-pack') response.socket?.destroy();
      if (misbehaviour.kind === 'endless') endless(response);
    }
  }

  /** A band of pack data (1) that is never complete. */
  function endless(response: ServerResponse): void {
    const packet = Buffer.concat([Buffer.from('fff0\u0001'), Buffer.alloc(0xfff0 - 5, 7)]);
    const more = () => {
      while (!response.destroyed) if (!response.write(packet)) return void response.once('drain', more);
    };
    more();
  }

  const server =
    tls === undefined
      ? createHttpServer(answer)
      : createHttpsServer({ key: readFileSync(tls.key), cert: readFileSync(tls.cert) }, answer);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    url: (repository) => `${origin}/${repository}`,
    requests,
    fault(next) {
      fault = next;
    },
    async stop() {
      for (const child of children) child.kill('SIGKILL');
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A key and a certificate for 127.0.0.1 that only who is given it trusts. */
export function makeCertificate(directory: string): { key: string; cert: string } {
  const [key, cert] = [join(directory, 'tls.key'), join(directory, 'tls.crt')];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=127.0.0.1',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      '-keyout',
      key,
      '-out',
      cert,
    ],
    { stdio: 'ignore' },
  );
  return { key, cert };
}
