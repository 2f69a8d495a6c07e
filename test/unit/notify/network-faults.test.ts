import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import { deliver, type Outcome } from '../../../controller/notify/delivery.js';
import { createManualClock } from '../../support/manual-clock.js';

let server: Server;
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  server.close();
});

/** What listens does so with each connection, once it has heard something. */
async function listen(behave: (socket: Socket) => void): Promise<URL> {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => behave(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return new URL(`http://me:hunter2@127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=hunter3`);
}

/** What the first attempt came to; none follows. */
async function firstAttempt(
  address: URL,
  headers: Record<string, string> = {},
): Promise<{ readonly retry: string } | Outcome | null> {
  const end = new AbortController();
  let retry: string | null = null;
  const outcome = await deliver(
    {
      address,
      write: () => Promise.resolve({ headers, body: '{}' }),
      onRetry(detail) {
        retry = detail;
        end.abort();
      },
    },
    { clock: createManualClock(), random: () => 0, signal: end.signal },
  );
  return retry === null ? outcome : { retry };
}

it.each<[string, (socket: Socket) => void, string]>([
  ['resets the connection', (socket) => void socket.resetAndDestroy(), 'ECONNRESET'],
  ['ends it without a word', (socket) => void socket.end(), 'UND_ERR_SOCKET'],
  ['cuts its head off', (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Le'), 'UND_ERR_SOCKET'],
  [
    'says more than a head may hold',
    (socket) => void socket.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`),
    'UND_ERR_HEADERS_OVERFLOW',
  ],
])('what %s is asked again, and told by its code alone', async (_case, behave, code) => {
  const address = await listen(behave);
  expect(await firstAttempt(address)).toEqual({ retry: `${address.host} cannot be reached (${code})` });
});

it('what does not speak HTTP is asked again', async () => {
  const address = await listen((socket) => void socket.end('220 mail.example ESMTP\r\n'));
  // Not every release of Node has a code for it.
  expect(await firstAttempt(address)).toEqual({
    retry: expect.stringMatching(new RegExp(`^${address.host} cannot be reached( \\(HPE_[A-Z_]+\\))?$`)),
  });
});

it('a port that nothing listens at is asked again', async () => {
  const address = await listen(() => undefined);
  await new Promise((resolve) => server.close(resolve));
  expect(await firstAttempt(address)).toEqual({ retry: `${address.host} cannot be reached (ECONNREFUSED)` });
});

it('TLS that is none is told by its code', async () => {
  const address = await listen((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  address.protocol = 'https:';
  expect(await firstAttempt(address)).toEqual({
    retry: expect.stringMatching(/ cannot be reached \(ERR_SSL_[A-Z_]+\)$/),
  });
});

it('an answer counts from its status on, whatever becomes of its body', async () => {
  const address = await listen((socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{'));
  expect(await firstAttempt(address)).toEqual({ result: 'delivered', detail: `${address.host} answered 200` });
});

it('a body without an end does not hold its connection', async () => {
  let closed: Promise<void> | null = null;
  const address = await listen((socket) => {
    closed = new Promise((resolve) => socket.once('close', () => resolve()));
    const pour = () => {
      while (!socket.destroyed && socket.write('400\r\n' + 'x'.repeat(0x400) + '\r\n'));
    };
    socket.on('drain', pour);
    socket.write('HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n');
    pour();
  });
  expect(await firstAttempt(address)).toEqual({ retry: `${address.host} answered 500` });
  await closed;
});

it('a header that cannot be sent is told without it', async () => {
  const address = await listen(() => undefined);
  const told = await firstAttempt(address, { Authorization: 'Bearer hunter4\nhunter5' });
  expect(told).toEqual({ retry: `${address.host} cannot be reached` });
});
