import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sampleCacheReport } from '../status/samples.js';
import { call, createHarness, raw } from './harness.js';

const harness = createHarness();
let address = '';

beforeAll(async () => {
  harness.store.reportCache(sampleCacheReport());
  harness.store.setHeld(['bob']);
  harness.store.setSources([
    {
      id: 'dir:specs',
      lastSuccess: 1_000,
      readOnce: true,
      specs: { valid: 1, invalid: 0, lastGood: 0 },
      problems: [],
      git: null,
    },
  ]);
  address = (await harness.make({ listen: '127.0.0.1:0' }).start()).address ?? '';
});
afterAll(harness.cleanUp);

describe('reads', () => {
  it.each([
    ['/metrics', 'text/plain; version=0.0.4', 'kalpana_engine_up 1\n'],
    ['/healthz', 'text/plain; charset=utf-8', 'ok\n'],
    ['/readyz?verbose', 'text/plain; charset=utf-8', 'ok\n'],
  ])('%s', async (path, type, body) => {
    const answer = await call(address, { path });
    expect(answer).toMatchObject({ status: 200, body });
    expect(answer.headers).toMatchObject({
      'content-type': type,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
  });

  it.each<[string, object]>([
    ['/api/v1/workspaces', { items: [{ name: 'alice', phase: 'Ready' }], held: ['bob'] }],
    ['/api/v1/workspaces/alice', { name: 'alice', phase: 'Ready' }],
    ['/api/v1/workspaces/%61lice', { name: 'alice' }],
    [
      '/api/v1/events',
      {
        items: [
          { workspace: 'alice', cache: null, reason: 'Ready', count: 1 },
          { workspace: null, cache: 'default', reason: 'Ready' },
        ],
      },
    ],
    ['/api/v1/events?workspace=alice', { items: [{ workspace: 'alice' }] }],
    ['/api/v1/events?cache=default', { items: [{ workspace: null, cache: 'default' }] }],
    ['/api/v1/events?cache=alice', { items: [] }],
    [
      '/api/v1/caches',
      { items: [{ name: 'default', phase: 'Ready', hitRate: 0.97, location: { file: 'specs/cache.json' } }] },
    ],
    [
      '/api/v1/caches/default',
      {
        name: 'default',
        keeper: { nixVersion: '2.34.8' },
        knownHoles: [],
        nixpkgsRelease: '26.05',
        sandbox: true,
        conditions: [
          { type: 'SpecValid' },
          { type: 'KeeperReady' },
          { type: 'KeeperSecure', status: 'True' },
          { type: 'NixpkgsSupported', status: 'True' },
          { type: 'BuildsSandboxed', status: 'True' },
          { type: 'StoreIntact', status: 'Unknown' },
          { type: 'Ready' },
        ],
      },
    ],
    ['/api/v1/events?workspace=nobody', { items: [] }],
    ['/api/v1/sources', { items: [{ id: 'dir:specs', readOnce: true }] }],
  ])('%s', async (path, expected) => {
    const { status, headers, body } = await call(address, { path });
    expect([status, headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    expect(JSON.parse(body)).toMatchObject(expected);
  });

  it('HEAD has the headers and no body', async () => {
    const { status, headers, body } = await call(address, { path: '/metrics', method: 'HEAD' });
    expect([status, headers['content-length'], body]).toEqual([200, '20', '']);
  });
});

describe('refusals', () => {
  it.each([
    ['GET', '/', 404],
    ['GET', '/metrics/', 404],
    ['GET', '/api/v1/workspaces/', 404],
    ['GET', '/api/v1/workspaces/nobody', 404],
    ['GET', '/api/v1/workspaces/__proto__', 404],
    ['GET', '/api/v1/workspaces/%ff', 404],
    ['GET', '/api/v1/workspaces/..%2fsources', 404],
    ['GET', '/api/v1/caches/', 404],
    ['GET', '/api/v1/caches/nothing', 404],
    ['GET', '/api/v1/caches/clear', 404],
    ['GET', '/api/v1/caches/..%2fsources', 404],
    ['POST', '/nothing', 404],
    ['POST', '/api/v1/approve', 404],
    ['GET', '/api/v1/approve', 404],
    ['POST', '/metrics', 405],
    ['DELETE', '/api/v1/workspaces/alice', 405],
    ['POST', '/api/v1/caches/default', 405],
    ['OPTIONS', '/healthz', 405],
    ['PURGE', '/healthz', 405],
    ['GET', `/${'a'.repeat(3_000)}`, 414],
  ])('%s %s: %s', async (method, path, status) => {
    const answer = await call(address, { method, path });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toEqual({ error: expect.any(String) });
    expect(answer.headers.allow).toBe(status === 405 ? 'GET, HEAD' : undefined);
  });

  it.each([
    ['too large headers', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(9_000)}\r\n\r\n`, '431'],
    ['an unknown method', 'BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n', '400'],
    ['no HTTP at all', '\u0016\u0003\u0001\r\n\r\n', '400'],
    ['no Host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', '400'],
  ])('%s', async (_name, text, status) => {
    expect((await raw(address, text)).split(' ')[1]).toBe(status);
  });

  it('does not keep a connection whose body nobody reads', async () => {
    const text = await raw(address, 'POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1\.1 405 [^]*Connection: close/);
  });

  it.each([
    ['localhost:9464', '/api/v1/workspaces', 200],
    ['LOCALHOST', '/api/v1/workspaces', 200],
    ['127.0.0.1:1', '/api/v1/workspaces', 200],
    ['[::1]:9464', '/api/v1/workspaces', 200],
    ['192.0.2.7', '/api/v1/workspaces', 200],
    ['attacker.example', '/api/v1/workspaces', 403],
    ['127.0.0.1.attacker.example:9464', '/api/v1/workspaces', 403],
    ['localhost.attacker.example', '/api/v1/events', 403],
    ['prometheus.internal:9464', '/metrics', 200],
  ])('Host %s on %s: %s', async (host, path, status) => {
    expect((await call(address, { path, headers: { Host: host } })).status).toBe(status);
  });
});

describe('health', () => {
  it('tells what is wrong with 503', async () => {
    const health = () => ({ alive: false, ready: false, detail: 'the last list of the engine is 90 s old' });
    const { address: other } = await harness.make({ listen: '127.0.0.1:0', health }).start();
    for (const path of ['/healthz', '/readyz']) {
      expect(await call(other ?? '', { path })).toMatchObject({
        status: 503,
        body: 'the last list of the engine is 90 s old\n',
      });
    }
  });

  it('a throwing route is a 500 that is reported once, and the server goes on', async () => {
    const errors: unknown[] = [];
    const error = new Error('broken family');
    const metrics = { contentType: 'text/plain', render: () => Promise.reject(error) };
    const { address: other } = await harness
      .make({ listen: '127.0.0.1:0', metrics, onError: (caught) => errors.push(caught) })
      .start();
    expect((await call(other ?? '', { path: '/metrics' })).status).toBe(500);
    expect((await call(other ?? '', { path: '/healthz' })).status).toBe(200);
    expect(errors).toEqual([error]);
  });
});
