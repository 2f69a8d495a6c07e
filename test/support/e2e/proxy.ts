import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';

/**
 * How the proxy treats the engine's event stream. `swallow`: open and silent, as when the engine skips a slow listener.
 */
export type EventMode = 'pass' | 'swallow' | 'refuse';

export interface EngineProxy {
  /** `unix://…` */
  readonly host: string;
  /** Cuts the streams that are open, and treats the next ones like this. */
  events(mode: EventMode): void;
  /** Streams that have been opened so far. */
  streams(): number;
  /**
   * The next call for which `matches` is true reaches the engine, and its answer is lost. Resolves when that happened.
   */
  loseAnswer(matches: Matches): Promise<void>;
  /**
   * The next call for which `matches` is true (or the `nth` of them) waits here, and has not reached the engine, until
   * it is let go.
   */
  hold(matches: Matches, nth?: number): HeldCall;
  /**
   * The JSON body of each call for which `matches` is true is changed on its way, until the function that this gives is
   * called.
   */
  rewrite(matches: Matches, change: (body: Record<string, unknown>) => void): () => void;
  /** The engine is gone: every connection is cut, and no new one is answered, until `restore`. */
  sever(): void;
  restore(): void;
  /** Calls so far, as `METHOD /path` without version and query. */
  calls(): readonly string[];
  close(): Promise<void>;
}

/** `path` is without version and query. */
type Matches = (method: string, path: string) => boolean;

export interface HeldCall {
  /** Resolves when the call has come. */
  readonly reached: Promise<void>;
  letGo(): void;
}

const open = new Set<EngineProxy>();
afterAll(async () => {
  await Promise.all([...open].map((proxy) => proxy.close()));
});

/** A proxy before an engine's Unix socket, which can be unkind. */
export async function startEngineProxy(engine: string): Promise<EngineProxy> {
  const upstream = engine.slice('unix://'.length);
  const dir = mkdtempSync(join(tmpdir(), 'kalpana-proxy-'));
  const calls: string[] = [];
  const streams = new Set<ServerResponse>();
  let mode: EventMode = 'pass';
  let opened = 0;
  let isSevered = false;
  let holding: { matches: Matches; countdown: number; reach: () => void; go: Promise<void> } | null = null;
  let lose: { matches: Matches; done: () => void } | null = null;
  const rewrites = new Set<{ matches: Matches; change: (body: Record<string, unknown>) => void }>();

  function forward(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    apiPath: string,
    onAnswer: (answer: IncomingMessage) => void,
  ): void {
    const { method = '', url: path, headers } = incoming;
    const changes = [...rewrites].filter(({ matches }) => matches(method, apiPath));
    if (changes.length > 0) delete headers['content-length'];
    const call = request({ socketPath: upstream, method, path, headers, agent: false }, onAnswer);
    call.on('error', () => outgoing.destroy());
    outgoing.on('close', () => call.destroy());
    if (method === 'PUT') return void incoming.pipe(call);
    // In one piece: an engine that answers at once and closes must not meet a write that comes after.
    const body: Buffer[] = [];
    incoming
      .on('data', (chunk: Buffer) => body.push(chunk))
      .on('end', () => {
        if (changes.length === 0) return void call.end(Buffer.concat(body));
        const value = JSON.parse(Buffer.concat(body).toString('utf8')) as Record<string, unknown>;
        for (const { change } of changes) change(value);
        call.end(JSON.stringify(value));
      });
  }

  const server = createServer((incoming, outgoing) => {
    const path = (incoming.url ?? '').replace(/^\/v[0-9.]+/, '').replace(/\?.*/, '');
    const method = incoming.method ?? '';
    if (isSevered) return void incoming.socket.destroy();
    calls.push(`${method} ${path}`);
    if (path === '/events' && mode === 'refuse') return void incoming.socket.destroy();
    if (path === '/events') {
      opened += 1;
      streams.add(outgoing);
      outgoing.on('close', () => streams.delete(outgoing));
    }
    const lost = lose?.matches(method, path) === true ? lose : null;
    if (lost !== null) lose = null;
    const next = holding?.matches(method, path) === true ? holding : null;
    const held = next !== null && (next.countdown -= 1) === 0 ? next : null;
    if (held === null) return pass(incoming, outgoing, path, lost);
    holding = null;
    held.reach();
    // A caller that is gone meanwhile takes its call with it.
    void held.go.then(() => incoming.socket.destroyed || pass(incoming, outgoing, path, lost));
  });

  function pass(incoming: IncomingMessage, outgoing: ServerResponse, path: string, lost: typeof lose): void {
    forward(incoming, outgoing, path, (answer) => {
      if (lost !== null) {
        answer.resume().on('end', () => {
          incoming.socket.destroy();
          lost.done();
        });
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      if (path === '/events' && mode === 'swallow') answer.resume();
      else answer.pipe(outgoing);
      answer.on('aborted', () => outgoing.destroy());
    });
  }
  await new Promise<void>((resolve) => server.listen(join(dir, 'docker.sock'), resolve));

  const proxy: EngineProxy = {
    host: `unix://${join(dir, 'docker.sock')}`,
    events(next) {
      mode = next;
      for (const stream of streams) stream.destroy();
    },
    streams: () => opened,
    loseAnswer: (matches) => new Promise((done) => (lose = { matches, done })),
    hold(matches, nth = 1) {
      let reach = () => {};
      let letGo = () => {};
      const reached = new Promise<void>((resolve) => (reach = resolve));
      holding = { matches, countdown: nth, reach, go: new Promise<void>((resolve) => (letGo = resolve)) };
      return { reached, letGo };
    },
    rewrite(matches, change) {
      const one = { matches, change };
      rewrites.add(one);
      return () => void rewrites.delete(one);
    },
    sever() {
      isSevered = true;
      server.closeAllConnections();
    },
    restore: () => void (isSevered = false),
    calls: () => calls,
    async close() {
      open.delete(proxy);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(dir, { recursive: true, force: true });
    },
  };
  open.add(proxy);
  return proxy;
}
