import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from './gc-harness.js';
import { call, createHarness, raw } from './harness.js';
import { BODY, openHooks, openPeer, signed, unfinished, type HookCall } from './webhook-harness.js';

const { make, cleanUp } = createHarness();
afterEach(cleanUp);

const wrong = signed('another body');
const open = (options: Parameters<typeof openHooks>[1] = {}) => openHooks(make, options);

describe('a body', () => {
  const largestBody = 64;
  const limited = { webhooks: { largestBody } };
  const inChunks = (body: string) => ({ ...signed(body), 'Transfer-Encoding': 'chunked' });

  it.each<[string, number, (body: string) => Record<string, string>, number]>([
    ['at the bound', largestBody, signed, 202],
    ['at the bound, in chunks', largestBody, inChunks, 202],
    ['one byte over', largestBody + 1, signed, 413],
    ['one byte over, in chunks', largestBody + 1, inChunks, 413],
    ['far over, in chunks', 1_000_000, inChunks, 413],
    ['one byte over, with a token', largestBody + 1, () => ({ 'X-Gitlab-Token': 'the secret of team' }), 413],
    [
      'one byte over, with a token, in chunks',
      largestBody + 1,
      () => ({ 'X-Gitlab-Token': 'the secret of team', 'Transfer-Encoding': 'chunked' }),
      413,
    ],
  ])('%s', async (_what, length, sign, status) => {
    const { deliver, triggered, facts } = await open(limited);
    const body = 'x'.repeat(length);
    const answer = await deliver({ body, headers: sign(body) });
    expect([answer.status, triggered, facts]).toEqual([
      status,
      status === 202 ? ['team'] : [],
      [`team ${status === 202 ? 'accepted' : 'too_large'}`],
    ]);
    expect(JSON.parse(answer.body)).toEqual(status === 202 ? { accepted: true } : { error: expect.any(String) });
  });

  it('over the bound by its own words is not waited for', async () => {
    const { address } = await open(limited);
    expect(await raw(address, unfinished())).toMatch(/^HTTP\/1\.1 413 [^]*Connection: close/);
  });

  it('may be as large as GitHub makes them, and no larger', async () => {
    const { address, deliver, triggered } = await open();
    const largest = Buffer.alloc(25 * 1024 * 1024, 'x');
    expect((await deliver({ body: largest })).status).toBe(202);
    expect(await raw(address, unfinished({ ...signed(), 'Content-Length': String(largest.length + 1) }))).toMatch(
      /^HTTP\/1\.1 413 /,
    );
    expect(triggered).toEqual(['team']);
  });

  it('that nobody has to read is not waited for, and is no request of its own', async () => {
    const { address, triggered, facts } = await open();
    const smuggled = `POST /hooks/git/other HTTP/1.1\r\nHost: localhost\r\nX-Gitlab-Token: the secret of team\r\nContent-Length: 0\r\n\r\n`;
    const text = await raw(address, unfinished({}, smuggled));
    expect(text).toMatch(/^HTTP\/1\.1 401 [^]*Connection: close/);
    expect([text.match(/HTTP\/1\.1/g), triggered, facts]).toEqual([['HTTP/1.1'], [], ['team refused']]);
  });

  it('that was read in vain leaves the next request on its connection whole', async () => {
    const { address, triggered, facts } = await open();
    const hook = (source: string, token: string, connection: string) =>
      `POST /hooks/git/${source} HTTP/1.1\r\nHost: localhost\r\nConnection: ${connection}\r\nX-Gitlab-Token: ${token}\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;
    const text = await raw(address, hook('team', 'wrong', 'keep-alive') + hook('other', 'the secret of team', 'close'));
    expect([text.match(/(?<=HTTP\/1\.1 )\d+/g), triggered, facts]).toEqual([
      ['401', '202'],
      ['other'],
      ['team refused', 'other accepted'],
    ]);
  });

  it('that is cut off triggers nothing, however right what came of it', async () => {
    const { address, asked, triggered, facts, errors } = await open();
    const { socket, closed } = openPeer(address, unfinished());
    await until(() => asked.length > 0);
    socket.destroy();
    await closed;
    await until(() => facts.length > 0);
    expect([triggered, facts, errors]).toEqual([[], ['team refused'], []]);
  });

  it('that is cut off while its secret is read triggers nothing', async () => {
    let tell: (secret: Buffer) => void = () => undefined;
    const secret = new Promise<Buffer>((resolve) => void (tell = resolve));
    let isAsked = false;
    const secretOf = () => {
      isAsked = true;
      return secret;
    };
    const { address, triggered, facts, errors } = await open({ webhooks: { secretOf } });
    const { socket, closed } = openPeer(address, unfinished());
    await until(() => isAsked);
    socket.destroy();
    await closed;
    // By then the server knows as well: it hears of connections in their order.
    expect((await call(address, { path: '/healthz' })).status).toBe(200);
    tell(Buffer.from('the secret of team'));
    await until(() => facts.length > 0);
    expect([triggered, facts, errors]).toEqual([[], ['team refused'], []]);
  });

  it('that trickles in has its time, and not more', async () => {
    const { address, triggered, facts, errors } = await open({ requestTimeoutMs: 200 });
    const { socket, closed } = openPeer(address, unfinished());
    // Never silent for long: the time of a silence does not end it.
    const trickle = setInterval(() => socket.write('x'), 10);
    expect(await closed).toMatch(/^HTTP\/1\.1 408 /);
    clearInterval(trickle);
    await until(() => facts.length > 0);
    expect([triggered, facts, errors]).toEqual([[], ['team refused'], []]);
  });
});

describe('of bodies', () => {
  const MOST = 8;

  it('only so many are read at once; each that ends makes room', async () => {
    const { address, asked, triggered, facts, deliver } = await open();
    const peers = Array.from({ length: MOST }, () =>
      openPeer(address, unfinished({ ...signed(), 'Content-Length': String(BODY.length) }, BODY.slice(0, -1))),
    );
    await until(() => asked.length === MOST);
    expect(await deliver()).toMatchObject({
      status: 503,
      body: '{"error":"too many hooks are being read; send it again"}\n',
    });
    expect((await deliver({ source: 'other' })).status).toBe(503);
    expect((await deliver({ headers: {} })).status).toBe(401);
    expect([triggered, facts]).toEqual([[], ['team busy', 'other busy', 'team refused']]);
    peers[0]?.socket.write(BODY.slice(-1));
    await until(() => triggered.length > 0);
    expect((await deliver()).status).toBe(202);
    for (const { socket } of peers) socket.destroy();
    await until(() => facts.filter((fact) => fact === 'team refused').length === MOST);
    expect(triggered).toEqual(['team', 'team']);
  });

  it.each<[string, HookCall, number]>([
    ['that are genuine', {}, 202],
    ['that are not', { headers: wrong }, 401],
    ['that are too large', { body: 'x'.repeat(100) }, 413],
    [
      'that are too large and do not say so',
      { body: 'x'.repeat(100), headers: { ...signed(), 'Transfer-Encoding': 'chunked' } },
      413,
    ],
  ])('those %s make room', async (_what, hook, status) => {
    const { deliver } = await open({ webhooks: { largestBody: 64 } });
    for (let sent = 0; sent <= MOST; sent += 1) expect((await deliver(hook)).status).toBe(status);
    expect((await deliver()).status).toBe(202);
  });

  it('those that only their peers think are whole make room', async () => {
    const { address, asked, facts, deliver } = await open();
    const peers = Array.from({ length: MOST }, () => openPeer(address, unfinished()));
    await until(() => asked.length === MOST);
    for (const { socket } of peers) socket.end();
    await until(() => facts.length === MOST);
    expect((await deliver()).status).toBe(202);
  });
});
