import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Notified } from '../../../controller/model/notified.js';
import { createManualClock } from '../../support/manual-clock.js';

export interface Taken {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Reply = Parameters<RequestListener>[1];
/** A status, or a hand of its own. */
export type Scripted = number | ((reply: Reply, taken: Taken) => void);

/** A real server on loopback that answers by a script, and with `otherwise` after its end. */
export async function openServer(script: Scripted[] = [], otherwise: Scripted = 200) {
  const taken: Taken[] = [];
  const changes = createChanges();
  const server = createServer((request, reply) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = {
        method: request.method,
        path: request.url,
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      taken.push(one);
      const answer = script.shift() ?? otherwise;
      if (typeof answer === 'number') reply.writeHead(answer).end('{}');
      else answer(reply, one);
      changes.changed();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    taken,
    bodies: () => taken.map(({ body }) => JSON.parse(body) as Record<string, unknown>),
    reached: (count: number) => changes.until(() => taken.length >= count),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export type WebServer = Awaited<ReturnType<typeof openServer>>;

/** What either sender needs, and what it told. */
export function openSending() {
  const clock = createManualClock(Date.UTC(2026, 0, 1));
  const end = new AbortController();
  const told: Notified[] = [];
  const changes = createChanges();
  return {
    clock,
    end,
    told,
    results: () => told.map(({ result }) => result),
    heard: (count: number) => changes.until(() => told.length >= count),
    given: {
      clock,
      random: () => 0.5,
      signal: end.signal,
      onResult(facts: Notified) {
        told.push(facts);
        changes.changed();
      },
    },
  };
}

/** Waits by being told, not by looking again and again. */
function createChanges() {
  let waiting: { readonly test: () => boolean; readonly resolve: () => void }[] = [];
  return {
    changed() {
      const done = waiting.filter(({ test }) => test());
      waiting = waiting.filter((one) => !done.includes(one));
      for (const { resolve } of done) resolve();
    },
    until: (test: () => boolean) =>
      new Promise<void>((resolve) => (test() ? resolve() : void waiting.push({ test, resolve }))),
  };
}
