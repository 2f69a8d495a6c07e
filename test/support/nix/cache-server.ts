// A binary cache over HTTP: the files of a directory, a log of what was asked for, and faults. Node's builtins alone:
// the bench has it too.
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join, normalize } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { faultList, spoil, type ActiveFault, type Fault } from './cache-faults.js';

export interface CacheRequest {
  /** `GET` or `HEAD`. */
  readonly method: string;
  readonly path: string;
  /** 0 while there is no answer. */
  readonly status: number;
  /** Of the body, sent so far. */
  readonly bytes: number;
}

export interface NixCacheServer {
  /** It listens on every address of the network that this process is in. */
  readonly port: number;
  /** In the order of arrival, since the start or the last `forget`. */
  requests(): readonly CacheRequest[];
  /** Requests whose path matches; a string is the whole path. */
  count(path: RegExp | string): number;
  /** GETs of NARs, with the bytes sent for them. */
  nars(): { readonly requests: number; readonly bytes: number };
  /** Empties the log; requests under way are left out of the new one. */
  forget(): void;
  /** Misbehaves from now on. */
  fault(fault: Fault): ActiveFault;
  /** Cuts what is open. */
  close(): Promise<void>;
}

export interface NixCacheOptions {
  /** A directory made by `nix copy --to file://…`. */
  readonly directory: string;
  /** Smaller is preferred; https://cache.nixos.org says 40. Nix remembers it for a week by URL. */
  readonly priority?: number;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** How often a throttled body goes on. */
const TICK_MS = 25;

export async function startNixCacheServer({ directory, priority = 40 }: NixCacheOptions): Promise<NixCacheServer> {
  let log: Writable<CacheRequest>[] = [];
  const faults = faultList();
  const held = new Set<ActiveFault>();

  async function bodyOf(path: string): Promise<Buffer | null> {
    if (path === '/nix-cache-info')
      return Buffer.from(`StoreDir: /nix/store\nWantMassQuery: 1\nPriority: ${priority}\n`);
    return readFile(join(directory, normalize(path))).catch(() => null);
  }

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = '', url = '/' } = incoming;
    const path = new URL(url, 'http://cache').pathname;
    const entry = { method, path, status: 0, bytes: 0 };
    log.push(entry);
    const met = faults.meet(path);
    const fault = met?.fault ?? {};
    if (fault.hold) await met?.ended;
    if (fault.delayMs) await delay(fault.delayMs);
    const body = fault.status === undefined ? await bodyOf(path) : null;
    if (outgoing.destroyed) return;
    entry.status = fault.status ?? (body === null ? 404 : 200);
    if (body === null) return void outgoing.writeHead(entry.status, { 'content-length': 0 }).end();
    const sent = spoil(body, path, fault);
    outgoing.writeHead(200, { 'content-length': sent.length, 'content-type': 'application/octet-stream' });
    if (method === 'HEAD') return void outgoing.end();
    await send(outgoing, sent, fault, (bytes) => (entry.bytes += bytes));
  }

  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the binary cache has no port');

  return {
    port: address.port,
    requests: () => log,
    count: (wanted) =>
      log.filter(({ path }) => (typeof wanted === 'string' ? path === wanted : wanted.test(path))).length,
    nars() {
      const found = log.filter(({ method, path }) => method === 'GET' && path.startsWith('/nar/'));
      return { requests: found.length, bytes: found.reduce((sum, { bytes }) => sum + bytes, 0) };
    },
    forget: () => (log = []),
    fault(fault) {
      const active = faults.add(fault);
      held.add(active);
      return active;
    },
    async close() {
      for (const active of held) active.end();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** At the fault's speed, up to its cut. A client that has gone is no error. */
async function send(
  outgoing: ServerResponse,
  body: Buffer,
  { bytesPerSecond, cutAfterBytes }: Fault,
  onSent: (bytes: number) => void,
): Promise<void> {
  const end = Math.min(cutAfterBytes ?? body.length, body.length);
  const step = bytesPerSecond === undefined ? 256 * 1024 : Math.max(1, Math.round((bytesPerSecond * TICK_MS) / 1000));
  for (let at = 0; at < end && !outgoing.destroyed; at += step) {
    const chunk = body.subarray(at, Math.min(at + step, end));
    await new Promise<void>((resolve) => {
      outgoing.once('close', resolve);
      outgoing.write(chunk, () => {
        outgoing.off('close', resolve);
        resolve();
      });
    });
    onSent(chunk.length);
    if (bytesPerSecond !== undefined) await delay(TICK_MS);
  }
  if (cutAfterBytes === undefined) outgoing.end();
  else outgoing.destroy();
}
