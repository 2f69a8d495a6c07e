import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { GcNews } from '../../../controller/model/gc-status.js';
import type { Collect } from '../../../controller/server/gc-route.js';
import type { ServerOptions } from '../../../controller/server/server.js';
import { createManualClock } from '../../support/manual-clock.js';
import { samplePreview, sampleRun } from '../status/gc-samples.js';
import { sampleCacheReport } from '../status/samples.js';
import { countTimers, createCollector, gcPath as path, openStream as open, until } from './gc-harness.js';
import { call, createHarness } from './harness.js';

const { store, make, directory, cleanUp } = createHarness();
store.reportCache(sampleCacheReport());
afterEach(cleanUp);

const step = (message: string): GcNews => ({ type: 'progress', cache: 'default', message });
const done: GcNews = { type: 'run', cache: 'default', run: sampleRun() };

async function openSocket(onGc: Collect | undefined, options: Partial<ServerOptions> = {}) {
  const socketPath = join(directory(), 'kalpana.sock');
  const { address } = await make({ socketPath, onGc, ...options }).start();
  return { socketPath, address: address ?? '' };
}

describe('gc', () => {
  it.each<[string, string | undefined, boolean]>([
    ['a dry run', '{"dryRun":true}', true],
    ['a run', '{"dryRun":false}', false],
    ['an empty object', '{}', false],
    ['no body', undefined, false],
  ])('takes %s', async (_name, body, dryRun) => {
    const asked: unknown[] = [];
    const { socketPath } = await openSocket((cache, options, onNews) => {
      asked.push([cache, options]);
      onNews(step('reading the links'));
      onNews({ type: 'preview', preview: samplePreview() });
      return Promise.resolve();
    });
    const answer = await call(socketPath, { method: 'POST', path, body });
    expect(answer).toMatchObject({
      status: 200,
      body: `${JSON.stringify(step('reading the links'))}\n${JSON.stringify({ type: 'preview', preview: samplePreview() })}\n`,
    });
    expect(answer.headers).toMatchObject({
      'content-type': 'application/x-ndjson',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    expect(asked).toEqual([['default', { dryRun }]]);
  });

  it.each<[string, string, string, string, number]>([
    ['broken JSON', 'POST', path, '{"dryRun":', 400],
    ['null', 'POST', path, 'null', 400],
    ['a list', 'POST', path, '[true]', 400],
    ['a word', 'POST', path, '{"dryRun":"false"}', 400],
    ['a null', 'POST', path, '{"dryRun":null}', 400],
    ['a misspelt field, for that would collect', 'POST', path, '{"dryrun":true}', 400],
    ['too much', 'POST', path, `{"a":"${'a'.repeat(70_000)}"}`, 413],
    ['an unknown cache', 'POST', '/api/v1/caches/blue/gc', '{}', 404],
    ['a path of more names', 'POST', '/api/v1/caches/a/b/gc', '{}', 404],
    ['the cache that is called gc', 'POST', '/api/v1/caches/gc', '{}', 405],
    ['another method', 'GET', path, '', 405],
  ])('refuses %s', async (_name, method, target, body, status) => {
    const { collect, asked } = createCollector();
    const { socketPath } = await openSocket(collect);
    const answer = await call(socketPath, { method, path: target, body: body === '' ? undefined : body });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([status, { error: expect.any(String) }]);
    expect(asked).toEqual([]);
  });

  it('is not taken on the TCP port, nor where nobody does it', async () => {
    const { collect, asked } = createCollector();
    const { address } = await openSocket(collect, { listen: '127.0.0.1:0' });
    expect(await call(address, { method: 'POST', path })).toMatchObject({
      status: 404,
      body: '{"error":"changes go over the Unix socket: use kalpana gc"}\n',
    });
    const without = await openSocket(undefined);
    expect((await call(without.socketPath, { method: 'POST', path })).status).toBe(404);
    expect(asked).toEqual([]);
  });

  it('sends each line as it comes, and ends after the last', async () => {
    const collector = createCollector();
    const { socketPath } = await openSocket(collector.collect);
    const { next, rest } = open(socketPath);
    await until(() => collector.asked.length > 0);
    for (const message of ['reading the links', 'a name with \u2028 and \n in it', 'scanning']) {
      collector.tell(step(message));
      expect(await next()).toEqual(step(message));
    }
    collector.tell(done);
    collector.end();
    expect(await rest()).toEqual([done]);
    expect(() => collector.tell(step('late'))).not.toThrow();
  });
});

describe('a collector that rejects', () => {
  it('is 409 with its words before the first line, and logged: the cache is there', async () => {
    const errors: unknown[] = [];
    const error = new Error('not built yet');
    const { socketPath } = await openSocket(() => Promise.reject(error), { onError: (caught) => errors.push(caught) });
    expect(await call(socketPath, { method: 'POST', path })).toMatchObject({
      status: 409,
      body: '{"error":"not built yet"}\n',
    });
    expect(errors).toEqual([error]);
  });

  it('is 404 for a cache that went meanwhile', async () => {
    store.reportCache(sampleCacheReport({ kind: 'ready' }, { name: 'blue' }));
    const { socketPath } = await openSocket(() => {
      store.reportCache(sampleCacheReport({ kind: 'removed' }, { name: 'blue' }));
      return Promise.reject(new Error("there is no cache 'blue'"));
    });
    expect(await call(socketPath, { method: 'POST', path: '/api/v1/caches/blue/gc' })).toMatchObject({
      status: 404,
      body: '{"error":"there is no cache \'blue\'"}\n',
    });
  });

  it('is a last line after the first', async () => {
    const collector = createCollector();
    const { socketPath } = await openSocket(collector.collect);
    const { next, rest } = open(socketPath);
    await until(() => collector.asked.length > 0);
    collector.tell(step('scanning'));
    await next();
    collector.fail(new Error('bug'));
    expect(await rest()).toEqual([{ type: 'refused', cache: 'default', message: 'bug' }]);
  });
});

describe('a long silent run', () => {
  it('is broken by the last progress every ten seconds', async () => {
    const collector = createCollector();
    const clock = createManualClock();
    const { socketPath } = await openSocket(collector.collect, { clock });
    const { next, rest } = open(socketPath);
    await until(() => collector.asked.length > 0);
    clock.advance(10_000);
    expect(await next()).toEqual(step('waiting for its turn'));
    clock.advance(9_000);
    collector.tell(step('scanning'));
    expect(await next()).toEqual(step('scanning'));
    clock.advance(9_999);
    clock.advance(20_001);
    collector.tell(done);
    collector.end();
    expect(await rest()).toEqual([step('scanning'), step('scanning'), step('scanning'), done]);
    clock.advance(60_000);
  });

  it('outlasts the timeout that ends other silent connections', async () => {
    const collector = createCollector();
    const clock = createManualClock();
    const metrics = { contentType: 'text/plain', render: () => new Promise<string>(() => undefined) };
    const { socketPath } = await openSocket(collector.collect, { clock, metrics, socketTimeoutMs: 300 });
    const { rest } = open(socketPath);
    await until(() => collector.asked.length > 0);
    // Ten seconds of the server's clock in 20 ms of the socket's.
    const time = setInterval(() => clock.advance(10_000), 20);
    await expect(call(socketPath, { path: '/metrics' })).rejects.toThrow('socket hang up');
    await expect(call(socketPath, { path: '/metrics' })).rejects.toThrow('socket hang up');
    clearInterval(time);
    collector.tell(done);
    collector.end();
    expect((await rest()).at(-1)).toEqual(done);
  });
});

describe('a peer that goes away', () => {
  it('leaves no timer behind while the run goes on, nor does the end of a run', async () => {
    const collector = createCollector();
    const { counted, open: timers } = countTimers(createManualClock());
    const { socketPath } = await openSocket(collector.collect, { clock: counted });
    const { sent } = open(socketPath);
    await until(() => collector.asked.length > 0);
    expect(timers.size).toBe(1);
    sent.destroy();
    await until(() => timers.size === 0);
    collector.tell(step('scanning'));
    expect(timers.size).toBe(0);
    collector.tell(done);
    collector.end();
    const { answered, rest } = open(socketPath);
    await answered;
    expect([await rest(), timers.size]).toEqual([[], 0]);
  });

  it.each<[string, boolean]>([
    ['before the first line', false],
    ['in the middle', true],
  ])('%s: the run goes on to its end, and the server too', async (_name, isAnswered) => {
    const collector = createCollector();
    const errors: unknown[] = [];
    const clock = createManualClock();
    const { socketPath } = await openSocket(collector.collect, { clock, onError: (error) => errors.push(error) });
    const { sent, next } = open(socketPath);
    await until(() => collector.asked.length > 0);
    if (isAnswered) {
      collector.tell(step('scanning'));
      await next();
    }
    sent.destroy();
    for (let line = 0; line < 50; line += 1) {
      collector.tell(step(`step ${line}`));
      clock.advance(10_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    collector.tell(done);
    collector.end();
    await collector.ended;
    expect((await call(socketPath, { path: '/healthz' })).status).toBe(200);
    expect(errors).toEqual([]);
  });

  it('without reading keeps nothing here but the result', async () => {
    const collector = createCollector();
    const { socketPath } = await openSocket(collector.collect);
    const { answered, rest } = open(socketPath);
    await until(() => collector.asked.length > 0);
    collector.tell(step('first'));
    const [response] = await answered;
    response.pause();
    const long = 'x'.repeat(10_000);
    for (let line = 0; line < 1_000; line += 1) collector.tell(step(`${line} ${long}`));
    collector.tell(done);
    collector.end();
    const lines = await rest();
    expect(lines.length).toBeLessThan(200);
    expect(lines.at(-1)).toEqual(done);
  });
});
