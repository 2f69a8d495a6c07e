import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectEngine, type ConnectOptions } from '../../../controller/docker/dockerode-port.js';
import type { EngineEndpoint } from '../../../controller/docker/endpoint.js';

export interface Received {
  readonly method: string;
  /** With the query, as sent. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Answers as it pleases: it holds the bare connection. */
export type Answer = (socket: Socket, request: Received) => void;

export interface RogueEngine {
  readonly endpoint: EngineEndpoint;
  readonly received: Received[];
  /** Connections open at this moment, on the engine's side. */
  readonly sockets: ReadonlySet<Socket>;
  connect(options?: ConnectOptions): ReturnType<typeof connectEngine>;
  stop(): Promise<void>;
}

export const VERSION = { Version: '20.10.24', ApiVersion: '1.41', MinAPIVersion: '1.12' };

/**
 * A server that speaks HTTP badly on purpose. `routes` are tried in order against `METHOD /path?query`; `GET /version`
 * has an honest answer unless a route takes it.
 */
export async function rogueEngine(
  routes: readonly (readonly [RegExp, Answer])[],
  options: { readonly tcp?: boolean } = {},
): Promise<RogueEngine> {
  const dir = await mkdtemp(join(tmpdir(), 'kalpana-rogue-'));
  const socketPath = join(dir, 'docker.sock');
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  const ports: ReturnType<typeof connectEngine>[] = [];

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    readRequests(socket, (request) => {
      received.push(request);
      const line = `${request.method} ${request.url}`;
      const answer = routes.find(([pattern]) => pattern.test(line))?.[1];
      if (answer !== undefined) answer(socket, request);
      else if (/^GET \/version\?$/.test(line)) json(200, VERSION)(socket, request);
      else json(404, { message: 'page not found' })(socket, request);
    });
  });
  await new Promise<void>((resolve) =>
    options.tcp ? server.listen(0, '127.0.0.1', resolve) : server.listen(socketPath, resolve),
  );
  const { port } = options.tcp ? (server.address() as AddressInfo) : { port: 0 };
  const endpoint: EngineEndpoint = options.tcp
    ? {
        kind: 'tcp',
        host: `tcp://127.0.0.1:${port}`,
        origin: 'DOCKER_HOST',
        protocol: 'http',
        hostname: '127.0.0.1',
        port,
        tls: null,
      }
    : { kind: 'socket', host: `unix://${socketPath}`, origin: 'DOCKER_HOST', socketPath };

  return {
    endpoint,
    received,
    sockets,
    connect(connectOptions) {
      const engine = connectEngine(endpoint, connectOptions);
      ports.push(engine);
      return engine;
    },
    async stop() {
      for (const engine of ports) engine.close();
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A chunked body is left to the answer, which finds it on the socket. */
function readRequests(socket: Socket, onRequest: (request: Received) => void): void {
  let pending = Buffer.alloc(0);
  let isLeft = false;
  socket.on('data', (chunk) => {
    if (isLeft) return;
    pending = Buffer.concat([pending, chunk]);
    const end = pending.indexOf('\r\n\r\n');
    if (end < 0) return;
    const [first = '', ...lines] = pending.subarray(0, end).toString('utf8').split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    const size = Number(headers['content-length'] ?? 0);
    if (pending.length < end + 4 + size) return;
    isLeft = headers['transfer-encoding'] === 'chunked';
    const body = pending.subarray(end + 4, end + 4 + size).toString('utf8');
    pending = pending.subarray(end + 4 + size);
    const [method = '', url = ''] = first.split(' ');
    onRequest({ method, url, headers, body });
    if (isLeft && pending.length > 0) socket.unshift(pending);
  });
}

/** An honest answer. */
export function json(status: number, value: unknown): Answer {
  return text(status, 'application/json', JSON.stringify(value));
}

export function text(status: number, contentType: string, body: string): Answer {
  return (socket) =>
    socket.end(
      `HTTP/1.1 ${status} X\r\nContent-Type: ${contentType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
}

export function empty(status: number, headers = ''): Answer {
  return (socket) => socket.end(`HTTP/1.1 ${status} X\r\n${headers}Content-Length: 0\r\nConnection: close\r\n\r\n`);
}

/** Says these bytes and closes the connection, whole or not. */
export function bytes(raw: string | Buffer): Answer {
  return (socket) => socket.end(raw);
}

/** The head of a stream; the test goes on with `chunk` and `lastChunk`. */
export function streamHead(contentType = 'application/json'): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: ${contentType}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n`;
}

export function chunk(data: string | Buffer): Buffer {
  const body = Buffer.from(data);
  return Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')]);
}

export const lastChunk = '0\r\n\r\n';

/** A stream of these chunks, each in a write of its own, ended well. */
export function stream(chunks: readonly (string | Buffer)[], end: 'clean' | 'cut' | 'open' = 'clean'): Answer {
  return (socket) => {
    socket.write(streamHead());
    for (const part of chunks) socket.write(chunk(part));
    if (end === 'clean') socket.end(lastChunk);
    if (end === 'cut') socket.end();
  };
}

/** Says these bytes and then nothing more, the connection left open. */
export function stall(raw: string): Answer {
  return (socket) => void socket.write(raw);
}

/** Resolves when the client has let go of every connection. */
export async function allReleased(engine: RogueEngine): Promise<void> {
  await Promise.all(
    [...engine.sockets].map(
      (socket) => new Promise((resolve) => (socket.destroyed ? resolve(null) : socket.on('close', resolve))),
    ),
  );
}
