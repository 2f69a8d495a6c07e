import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { ClearResult } from '../../../controller/server/clear-route.js';
import type { ServerOptions } from '../../../controller/server/server.js';
import { sampleCacheReport } from '../status/samples.js';
import { call, createHarness } from './harness.js';

const { store, make, directory, cleanUp } = createHarness();
store.reportCache(sampleCacheReport());
afterEach(cleanUp);

const path = '/api/v1/caches/default/clear';
const emptied: ClearResult = { ok: true, message: 'emptied' };

async function openSocket(
  result: () => Promise<ClearResult> = () => Promise.resolve(emptied),
  options: Partial<ServerOptions> = {},
) {
  const socketPath = join(directory(), 'kalpana.sock');
  const asked: [string, boolean][] = [];
  const onClear = (name: string, force: boolean) => {
    asked.push([name, force]);
    return result();
  };
  const { address } = await make({ socketPath, onClear, ...options }).start();
  return { socketPath, asked, address: address ?? '' };
}

describe('clear', () => {
  it.each<[string, string | undefined, boolean]>([
    ['force', '{"force":true}', true],
    ['no force', '{"force":false}', false],
    ['an empty object', '{}', false],
    ['no body', undefined, false],
  ])('takes %s', async (_name, body, force) => {
    const { socketPath, asked } = await openSocket();
    const answer = await call(socketPath, { method: 'POST', path, body });
    expect([answer.status, JSON.parse(answer.body), asked]).toEqual([
      200,
      { message: 'emptied' },
      [['default', force]],
    ]);
  });

  it.each<[string, string, string, string, number]>([
    ['broken JSON', 'POST', path, '{"force":', 400],
    ['null', 'POST', path, 'null', 400],
    ['a list', 'POST', path, '[true]', 400],
    ['a word for force', 'POST', path, '{"force":"false"}', 400],
    ['too much', 'POST', path, `{"a":"${'a'.repeat(70_000)}"}`, 413],
    ['an unknown cache', 'POST', '/api/v1/caches/blue/clear', '{}', 404],
    ['a path of more names', 'POST', '/api/v1/caches/a/b/clear', '{}', 404],
    ['another method', 'GET', path, '', 405],
  ])('refuses %s', async (_name, method, target, body, status) => {
    const { socketPath, asked } = await openSocket();
    const answer = await call(socketPath, { method, path: target, body: body === '' ? undefined : body });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([status, { error: expect.any(String) }]);
    expect(asked).toEqual([]);
  });

  it('is 409 with the reason when it is refused, and 500 when it breaks', async () => {
    const refused = await openSocket(() => Promise.resolve({ ok: false, error: 'alice runs; use --force' }));
    expect(await call(refused.socketPath, { method: 'POST', path })).toMatchObject({
      status: 409,
      body: '{"error":"alice runs; use --force"}\n',
    });
    const broken = await openSocket(() => Promise.reject(new Error('bug')));
    expect((await call(broken.socketPath, { method: 'POST', path })).status).toBe(500);
  });

  it('is not taken on the TCP port, nor where nobody does it', async () => {
    const { address, asked } = await openSocket(undefined, { listen: '127.0.0.1:0' });
    expect((await call(address, { method: 'POST', path, body: '{"force":true}' })).status).toBe(404);
    const without = await openSocket(undefined, { onClear: undefined });
    expect((await call(without.socketPath, { method: 'POST', path })).status).toBe(404);
    expect(asked).toEqual([]);
  });

  it('outlasts the timeout that ends other silent connections', async () => {
    let finish: (result: ClearResult) => void = () => undefined;
    const metrics = { contentType: 'text/plain', render: () => new Promise<string>(() => undefined) };
    const pending = new Promise<ClearResult>((resolve) => void (finish = resolve));
    const { socketPath } = await openSocket(() => pending, { metrics, socketTimeoutMs: 100 });
    const clearing = call(socketPath, { method: 'POST', path });
    await expect(call(socketPath, { path: '/metrics' })).rejects.toThrow('socket hang up');
    await expect(call(socketPath, { path: '/metrics' })).rejects.toThrow('socket hang up');
    finish(emptied);
    expect((await clearing).status).toBe(200);
  });
});
