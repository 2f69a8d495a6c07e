import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { call, createHarness, raw } from './harness.js';
import { BODY, openHooks, signed, unfinished, type HookCall } from './webhook-harness.js';

const { make, directory, cleanUp } = createHarness();
afterEach(cleanUp);

const wrong = signed('another body');
const open = (options: Parameters<typeof openHooks>[1] = {}) => openHooks(make, options);

describe('a path under /hooks/git/', () => {
  it.each<[string, HookCall, string]>([
    ['is a name', {}, 'team'],
    ['is a name in percent signs', { source: '%74eam' }, 'team'],
    ['may have a query, which nobody reads', { source: 'team?source=other&secret=x' }, 'team'],
    ['is reached under any host name', { headers: { ...signed(), Host: 'attacker.example' } }, 'team'],
    ['is another name', { source: 'other' }, 'other'],
  ])('%s', async (_what, asked, source) => {
    const { deliver, triggered, facts, errors } = await open();
    expect(await deliver(asked)).toMatchObject({ status: 202, body: '{"accepted":true}\n' });
    expect([triggered, facts, errors]).toEqual([[source], [`${source} accepted`], []]);
  });

  it.each<[string, string, boolean]>([
    ['a source that there is not', 'nobody', true],
    ['a name in other letters', 'Team', true],
    ['the longest name', 'x'.repeat(128), true],
    ['too long a name', 'x'.repeat(129), false],
    ['no name', '', false],
    ['the folder itself', '.', false],
    ['the folder above', '..', false],
    ['the folder above, in percent signs', '%2e%2e', false],
    ['a way out', '..%2fteam', false],
    ['a slash', 'team/', false],
    ['a name within', 'team/x', false],
    ['a slash in percent signs', 'a%2Fteam', false],
    ['a backslash', 'a%5cteam', false],
    ['no UTF-8', '%ff', false],
    ['a NUL', 'team%00', false],
    ['a line end', 'team%0a', false],
    ['a space', 'team%20', false],
    ['percent signs in percent signs', '%2574eam', false],
    ['an option', '-x', false],
    ['a prototype', '__proto__', false],
  ])('that is %s is the same 404', async (_what, source, isAsked) => {
    const { deliver, asked, triggered, facts, errors } = await open();
    const answer = await deliver({ source });
    expect([answer.status, answer.body, answer.headers.allow]).toEqual([
      404,
      '{"error":"there is no such source, or it takes no hooks"}\n',
      undefined,
    ]);
    expect([asked, triggered, facts, errors]).toEqual([isAsked ? [source] : [], [], [], []]);
  });

  it.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('takes no %s, for whatever name', async (method) => {
    const { address, asked, triggered, facts } = await open();
    for (const source of ['team', 'nobody', '..']) {
      const answer = await call(address, { method, path: `/hooks/git/${source}`, headers: signed('') });
      expect([answer.status, answer.headers.allow]).toEqual([405, 'POST']);
    }
    expect([asked, triggered, facts]).toEqual([[], [], []]);
  });

  it('ends at its folder, and at the longest address', async () => {
    const { address, deliver } = await open();
    for (const path of [
      '/hooks',
      '/hooks/git',
      '/hooks/github/team',
      '/Hooks/git/team',
      '//hooks/git/team',
      '/api/../hooks/git/team',
    ]) {
      const answer = await call(address, {
        method: 'POST',
        path,
        headers: { ...signed(), Host: 'localhost' },
        body: BODY,
      });
      expect([answer.status, answer.body]).toEqual([404, `{"error":"there is nothing at ${path}"}\n`]);
    }
    expect((await deliver({ source: 'x'.repeat(3_000) })).status).toBe(414);
  });

  it('is for hooks alone: the API still wants a host of ours', async () => {
    const { address, deliver } = await open();
    const headers = { ...signed(), Host: 'attacker.example' };
    expect((await call(address, { path: '/api/v1/workspaces', headers })).status).toBe(403);
    expect((await deliver({ source: '../../api/v1/workspaces', headers })).status).toBe(404);
  });

  it('is not there on the Unix socket, nor where no hooks are taken', async () => {
    const socketPath = join(directory(), 'kalpana.sock');
    const { asked, triggered } = await open({ socketPath });
    const hook = { method: 'POST', path: '/hooks/git/team', headers: signed(), body: BODY };
    expect((await call(socketPath, hook)).status).toBe(404);
    const { address } = await make({ listen: '127.0.0.1:0' }).start();
    expect(await call(address ?? '', hook)).toMatchObject({
      status: 404,
      body: '{"error":"there is nothing at /hooks/git/team"}\n',
    });
    expect([asked, triggered]).toEqual([[], []]);
  });
});

describe('a flood', () => {
  const BURST = 20;

  it.each<[string, HookCall, number]>([
    ['of genuine hooks', {}, 202],
    ['of wrong signatures', { headers: wrong }, 401],
    ['of no signatures', { headers: {} }, 401],
    ['of names that there are not', { source: 'nobody' }, 404],
  ])('%s is limited', async (_what, hook, status) => {
    const { deliver, clock } = await open();
    for (let sent = 0; sent < BURST; sent += 1) expect((await deliver(hook)).status).toBe(status);
    const answer = await deliver(hook);
    expect([answer.status, answer.headers['retry-after'], JSON.parse(answer.body)]).toEqual([
      429,
      '1',
      { error: expect.any(String) },
    ]);
    clock.advance(1_000);
    expect([(await deliver(hook)).status, (await deliver(hook)).status]).toEqual([status, 429]);
  });

  it('limits neither another address, nor another source, nor what is read', async () => {
    const { address, deliver, triggered, facts } = await open();
    for (let sent = 0; sent < BURST; sent += 1) await deliver({ headers: wrong });
    expect((await deliver()).status).toBe(429);
    expect((await deliver({ localAddress: '127.0.0.2' })).status).toBe(202);
    expect((await deliver({ source: 'other' })).status).toBe(202);
    expect((await call(address, { path: '/healthz' })).status).toBe(200);
    expect(triggered).toEqual(['team', 'other']);
    expect(facts).toEqual([
      ...Array.from({ length: BURST }, () => 'team refused'),
      'team limited',
      'team accepted',
      'other accepted',
    ]);
  });

  it('of made-up names has one bucket, and pushes nobody out', async () => {
    const { deliver, facts } = await open();
    for (let sent = 0; sent < BURST; sent += 1) await deliver({ headers: wrong });
    const statuses = new Set<number>();
    for (let name = 0; name < 1_001; name += 1)
      statuses.add((await deliver({ source: name % 2 === 0 ? `x${name}` : `-${name}` })).status);
    expect([...statuses]).toEqual([404, 429]);
    expect((await deliver()).status).toBe(429);
    expect(facts).toEqual([...Array.from({ length: BURST }, () => 'team refused'), 'team limited']);
  });

  it('is not read: it is judged before its bodies', async () => {
    const { address, deliver } = await open();
    for (let sent = 0; sent < BURST; sent += 1) await deliver();
    expect(await raw(address, unfinished())).toMatch(/^HTTP\/1\.1 429 [^]*Connection: close/);
  });
});

describe('what breaks behind a hook', () => {
  it.each<[string, object]>([
    ['a secret that cannot be read', { secretOf: () => Promise.reject(new Error('EACCES')) }],
    [
      'a source that does not look',
      {
        trigger() {
          throw new Error('EACCES');
        },
      },
    ],
  ])('%s is a 500 that says nothing of it, and is reported once', async (_what, hooks) => {
    const { deliver, errors, facts } = await open({ webhooks: hooks });
    expect(await deliver()).toMatchObject({
      status: 500,
      body: '{"error":"internal error; the controller has logged it"}\n',
    });
    expect([errors, facts]).toEqual([[new Error('EACCES')], []]);
  });
});
