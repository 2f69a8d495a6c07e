import { mkdtempSync, rmSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type ControllerServer, type ServerOptions } from '../../../controller/server/server.js';
import { createStatusStore } from '../../../controller/status/store.js';
import { sampleReport, START } from '../status/samples.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Call {
  readonly method?: string;
  readonly path?: string;
  /** A header of several values is sent so many times. */
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Buffer;
  /** Where a call to a port comes from. */
  readonly localAddress?: string;
}

/** Servers and directories of one test file; `cleanUp` ends them all. */
export function createHarness() {
  const servers: ControllerServer[] = [];
  const directories: string[] = [];
  const store = createStatusStore({ now: () => START });
  store.report(sampleReport({ kind: 'ready' }));

  function make(options: Partial<ServerOptions> = {}): ControllerServer {
    const server = createServer({
      listen: null,
      socketPath: null,
      store,
      metrics: { contentType: 'text/plain; version=0.0.4', render: () => Promise.resolve('kalpana_engine_up 1\n') },
      health: () => ({ alive: true, ready: true, detail: '' }),
      onError: () => undefined,
      ...options,
    });
    servers.push(server);
    return server;
  }

  function directory(): string {
    const path = mkdtempSync(join(tmpdir(), 'kalpana-server-'));
    directories.push(path);
    return path;
  }

  async function cleanUp(): Promise<void> {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    for (const path of directories.splice(0)) rmSync(path, { recursive: true, force: true });
  }

  return { store, make, directory, cleanUp };
}

/** @param to `host:port`, or a Unix socket's path */
export function call(
  to: string,
  { method = 'GET', path = '/', headers = {}, body, localAddress }: Call = {},
): Promise<Answer> {
  const target = to.startsWith('/') ? { socketPath: to } : { host: '127.0.0.1', port: Number(to.split(':').at(-1)) };
  return new Promise((resolve, reject) => {
    const sent = request({ ...target, localAddress, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Sends `text` as it is and gives all that comes back until the server closes. */
export function raw(address: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(address.split(':').at(-1)), '127.0.0.1', () => socket.write(text));
    let received = '';
    socket.on('data', (chunk) => void (received += chunk.toString()));
    socket.on('close', () => resolve(received));
    socket.on('error', reject);
  });
}
