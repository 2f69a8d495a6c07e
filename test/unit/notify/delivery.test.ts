import { afterEach, describe, expect, it } from '@jest/globals';
import { deliver, MAX_ATTEMPTS } from '../../../controller/notify/delivery.js';
import { openSending, openServer, type Scripted, type WebServer } from './web-server.js';

const open: WebServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function start(script: Scripted[], otherwise: Scripted = 200, path = '/secret-path?key=secret-query') {
  const server = await openServer(script, otherwise);
  open.push(server);
  const sending = openSending();
  const letter = {
    address: new URL(`http://${server.host}${path}`),
    write: async () => ({ headers: {}, body: '{}' }),
    onRetry: (detail: string) => sending.given.onResult({ target: 'webhook', result: 'retried', detail }),
  };
  return { server, letter, ...sending };
}

describe('deliver', () => {
  it('tries again after 500, 408, 425 and 429, with a wait that doubles', async () => {
    const { server, letter, given, clock, heard, told } = await start([500, 408, 425, 429]);
    const outcome = deliver(letter, given);
    // Of 2, 4, 8 and 16 s, three quarters.
    for (const [index, waitMs] of [1_500, 3_000, 6_000, 12_000].entries()) {
      await heard(index + 1);
      clock.advance(waitMs - 1);
      expect(server.taken).toHaveLength(index + 1);
      clock.advance(1);
      await server.reached(index + 2);
    }
    expect(await outcome).toEqual({ result: 'delivered', detail: `${server.host} answered 200` });
    expect(told.map(({ detail }) => detail)).toEqual(
      [500, 408, 425, 429].map((status) => `${server.host} answered ${status}`),
    );
  });

  it.each([
    ['seconds', '30', 30_000],
    ['a date', 'Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
    ['too many seconds', '99999', 600_000],
    ['a date that is past', 'Thu, 01 Jan 2015 00:01:00 GMT', 1_500],
    ['nonsense', 'soon GMT', 1_500],
  ])('waits as Retry-After asks: %s', async (_, value, waitMs) => {
    const { server, letter, given, clock, heard } = await start([
      (reply) => reply.writeHead(429, { 'Retry-After': value }).end(),
    ]);
    const outcome = deliver(letter, given);
    await heard(1);
    clock.advance(waitMs - 1);
    expect(server.taken).toHaveLength(1);
    clock.advance(1);
    expect((await outcome)?.result).toBe('delivered');
    expect(server.taken).toHaveLength(2);
  });

  it('tries again after a reset and after a hang', async () => {
    const hang = () => undefined;
    const { server, letter, given, clock, heard, told } = await start([
      (reply) => void reply.socket?.resetAndDestroy(),
      hang,
    ]);
    const outcome = deliver(letter, given);
    await heard(1);
    clock.advance(1_500);
    await server.reached(2);
    clock.advance(10_000);
    await heard(2);
    clock.advance(3_000);
    expect((await outcome)?.result).toBe('delivered');
    expect(told.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(`^${server.host} cannot be reached`),
      `${server.host} did not answer within 10 s`,
    ]);
  });

  it('does not wait for the body of an answer', async () => {
    const { letter, given } = await start([(reply) => void reply.writeHead(200).write('endless')]);
    expect((await deliver(letter, given))?.result).toBe('delivered');
  });

  it('does not follow a redirect', async () => {
    const { server, letter, given } = await start([
      (reply) => reply.writeHead(307, { Location: '/elsewhere?secret' }).end(),
    ]);
    expect(await deliver(letter, given)).toEqual({
      result: 'dropped',
      detail: `${server.host} answered 307, a redirect, which is not followed: configure the address it leads to`,
    });
    expect(server.taken).toHaveLength(1);
  });

  it.each([400, 401, 404, 413])('drops what is refused by %i at once', async (status) => {
    const { server, letter, given, told } = await start([], status);
    expect((await deliver(letter, given))?.result).toBe('dropped');
    expect(server.taken).toHaveLength(1);
    expect(told).toEqual([]);
  });

  it('gives up after twelve attempts, with waits of 1 s to 2 min', async () => {
    const { server, letter, given, clock, heard } = await start([], 503);
    const outcome = deliver(letter, given);
    for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt += 1) {
      await heard(attempt);
      clock.advance(120_000);
    }
    expect(await outcome).toEqual({
      result: 'dropped',
      detail: `${server.host} answered 503; given up after 12 attempts`,
    });
    expect(server.taken).toHaveLength(12);
  });

  it('sends credentials of the address as a header, and tells nothing of them', async () => {
    const { server, letter, given, clock, heard, told } = await start([500]);
    letter.address.username = 'us%40er';
    letter.address.password = 'secret-word';
    const outcome = deliver(letter, given);
    await heard(1);
    clock.advance(1_500);
    expect(await outcome).not.toBeNull();
    expect(server.taken[0]?.headers.authorization).toBe(`Basic ${Buffer.from('us@er:secret-word').toString('base64')}`);
    expect(server.taken[0]?.path).toBe('/secret-path?key=secret-query');
    expect(JSON.stringify([told, await outcome])).not.toMatch(/secret|us@er/);
  });

  it('tells no word of a header that cannot be sent', async () => {
    const { server, letter, given, end, heard, told } = await start([]);
    const outcome = deliver(
      { ...letter, write: async () => ({ headers: { Authorization: 'secret\nword' }, body: '' }) },
      given,
    );
    await heard(1);
    end.abort();
    expect(await outcome).toBeNull();
    expect(told[0]?.detail).toBe(`${server.host} cannot be reached`);
  });

  it('ends when it is told to, in a wait and in an attempt', async () => {
    const first = await start([500]);
    const waits = deliver(first.letter, first.given);
    await first.heard(1);
    first.end.abort();
    expect(await waits).toBeNull();
    const second = await start([() => undefined]);
    const hangs = deliver(second.letter, second.given);
    await second.server.reached(1);
    second.end.abort();
    expect(await hangs).toBeNull();
    expect(second.told).toEqual([]);
    expect(await deliver(second.letter, second.given)).toBeNull();
  });
});
