import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Verify } from '../../../controller/server/verify-route.js';
import { sampleCacheReport } from '../status/samples.js';
import { sampleVerification } from '../status/verify-samples.js';
import { call, createHarness } from './harness.js';

// What it has in common with gc, streams, silence and peers that go away, is shown there.
const { store, make, directory, cleanUp } = createHarness();
store.reportCache(sampleCacheReport());
afterEach(cleanUp);

const path = '/api/v1/caches/default/verify';

async function open(isThere = true) {
  const asked: unknown[] = [];
  const onVerify: Verify = async (cache, how, onNews) => {
    asked.push([cache, how]);
    onNews({ type: 'run', cache, run: sampleVerification() });
  };
  const socketPath = join(directory(), 'kalpana.sock');
  const options = isThere ? { onVerify } : {};
  const { address } = await make({ socketPath, listen: '127.0.0.1:0', ...options }).start();
  return { socketPath, address: address ?? '', asked };
}

describe('verify', () => {
  it.each<[string | undefined, boolean]>([
    ['{"repair":true}', true],
    ['{"repair":false}', false],
    ['{}', false],
    [undefined, false],
  ])('takes %s', async (body, repair) => {
    const { socketPath, asked } = await open();
    expect(await call(socketPath, { method: 'POST', path, body })).toMatchObject({
      status: 200,
      body: `${JSON.stringify({ type: 'run', cache: 'default', run: sampleVerification() })}\n`,
    });
    expect(asked).toEqual([['default', { repair }]]);
  });

  it.each<[string, string, string, string | undefined, number]>([
    ['a misspelt field', 'POST', path, '{"repairs":true}', 400],
    ['a word', 'POST', path, '{"repair":"yes"}', 400],
    ['a list', 'POST', path, '[]', 400],
    ['an unknown cache', 'POST', '/api/v1/caches/blue/verify', '{}', 404],
    ['another method', 'GET', path, undefined, 405],
  ])('refuses %s', async (_what, method, target, body, status) => {
    const { socketPath, asked } = await open();
    const answer = await call(socketPath, { method, path: target, body });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([status, { error: expect.any(String) }]);
    expect(asked).toEqual([]);
  });

  it('is not taken on the TCP port, nor where nobody does it', async () => {
    const { address, asked } = await open();
    expect(await call(address, { method: 'POST', path })).toMatchObject({
      status: 404,
      body: '{"error":"changes go over the Unix socket: use kalpana cache verify"}\n',
    });
    expect((await call((await open(false)).socketPath, { method: 'POST', path })).status).toBe(404);
    expect(asked).toEqual([]);
  });
});
