import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { isGenuine, readProofs } from '../../../controller/server/webhook-signature.js';
import { createHarness, raw } from './harness.js';
import { BODY, hmacOf, openHooks, SECRET, signed } from './webhook-harness.js';

const { make, cleanUp } = createHarness();
let server: Awaited<ReturnType<typeof openHooks>>;
beforeAll(async () => {
  server = await openHooks(make);
});
afterAll(cleanUp);
/** The limit is not what is looked at here. */
beforeEach(() => {
  server.clock.advance(60_000);
  server.triggered.length = 0;
});

const hmac = hmacOf(BODY);
const wrong = hmacOf('another body');
const sha1 = `sha1=${createHmac('sha1', SECRET).update(BODY).digest('hex')}`;

describe('a hook', () => {
  it.each<[string, Record<string, string>]>([
    ['GitHub', { 'X-Hub-Signature-256': `sha256=${hmac}`, 'X-Hub-Signature': sha1, 'X-GitHub-Event': 'push' }],
    ['GitHub, to see whether it arrives', { 'X-Hub-Signature-256': `sha256=${hmac}`, 'X-GitHub-Event': 'ping' }],
    [
      'GitHub, beside a wrong SHA-1 that nobody looks at',
      { 'X-Hub-Signature-256': `sha256=${hmac}`, 'X-Hub-Signature': 'sha1=00' },
    ],
    ['Gitea of old', { 'X-Gitea-Signature': hmac }],
    [
      'Gitea',
      {
        'X-Hub-Signature-256': `sha256=${hmac}`,
        'X-Hub-Signature': sha1,
        'X-Gitea-Signature': hmac,
        'X-Gogs-Signature': hmac,
      },
    ],
    ['Forgejo', { 'X-Forgejo-Signature': hmac, 'X-Gitea-Signature': hmac, 'X-Hub-Signature-256': `sha256=${hmac}` }],
    ['Forgejo, by its own header alone', { 'X-Forgejo-Signature': hmac }],
    ['GitLab', { 'X-Gitlab-Token': SECRET }],
    ['a sender of small letters', { 'x-hub-signature-256': `sha256=${hmac}` }],
    ['a sender of form fields', { ...signed(), 'Content-Type': 'application/x-www-form-urlencoded' }],
    ['a sender in chunks', { ...signed(), 'Transfer-Encoding': 'chunked' }],
  ])('of %s is taken', async (_name, headers) => {
    const answer = await server.deliver({ headers });
    expect([answer.status, answer.body, answer.headers['content-type'], server.triggered]).toEqual([
      202,
      '{"accepted":true}\n',
      'application/json; charset=utf-8',
      ['team'],
    ]);
  });

  it.each<[string, Record<string, string | string[]>]>([
    ['nothing', {}],
    ['SHA-1 only', { 'X-Hub-Signature': sha1 }],
    ['SHA-1 under the name of SHA-256', { 'X-Hub-Signature-256': sha1 }],
    ['the signature of another body', { 'X-Hub-Signature-256': `sha256=${wrong}` }],
    ['the signature by another secret', signed(BODY, 'another secret')],
    ['the signature by no secret', signed(BODY, '')],
    ['an empty signature', { 'X-Hub-Signature-256': '' }],
    ['the word sha256 alone', { 'X-Hub-Signature-256': 'sha256=' }],
    ['a signature without its sha256', { 'X-Hub-Signature-256': hmac }],
    ['a sha256 where none belongs', { 'X-Gitea-Signature': `sha256=${hmac}` }],
    ['the algorithm in capitals', { 'X-Hub-Signature-256': `SHA256=${hmac}` }],
    ['hex in capitals', { 'X-Hub-Signature-256': `sha256=${hmac.toUpperCase()}` }],
    ['hex that is too short', { 'X-Gitea-Signature': hmac.slice(0, -1) }],
    ['hex that is too long', { 'X-Gitea-Signature': `${hmac}0` }],
    ['hex twice', { 'X-Gitea-Signature': hmac + hmac }],
    ['no hex', { 'X-Forgejo-Signature': 'z'.repeat(64) }],
    ['a space within', { 'X-Hub-Signature-256': `sha256= ${hmac}` }],
    ['a list', { 'X-Hub-Signature-256': `sha256=${hmac}, sha256=${hmac}` }],
    ['base64', { 'X-Gitea-Signature': Buffer.from(hmac, 'hex').toString('base64') }],
    ['the same header twice', { 'X-Hub-Signature-256': [`sha256=${hmac}`, `sha256=${hmac}`] }],
    ['a token twice', { 'X-Gitlab-Token': [SECRET, SECRET] }],
    ['a second header of the same name that is empty', { 'X-Gitea-Signature': [hmac, ''] }],
    [
      'a right one, and the same header twice of another kind',
      { 'X-Hub-Signature-256': `sha256=${hmac}`, 'X-Gitea-Signature': [hmac, hmac] },
    ],
    ['a right and a wrong one', { 'X-Hub-Signature-256': `sha256=${hmac}`, 'X-Gitea-Signature': wrong }],
    ['a wrong and a right one', { 'X-Hub-Signature-256': `sha256=${wrong}`, 'X-Forgejo-Signature': hmac }],
    [
      'a right one, and a wrong one of Forgejo',
      { 'X-Hub-Signature-256': `sha256=${hmac}`, 'X-Gitea-Signature': hmac, 'X-Forgejo-Signature': wrong },
    ],
    ['a right one and an empty one', { 'X-Hub-Signature-256': `sha256=${hmac}`, 'X-Gitea-Signature': '' }],
    ['a right token and a wrong signature', { 'X-Gitlab-Token': SECRET, 'X-Hub-Signature-256': `sha256=${wrong}` }],
    ['a right signature and a wrong token', { 'X-Gitlab-Token': 'x', 'X-Hub-Signature-256': `sha256=${hmac}` }],
    ['a token that is only a beginning', { 'X-Gitlab-Token': SECRET.slice(0, -1) }],
    ['a token with more behind it', { 'X-Gitlab-Token': `${SECRET}.` }],
    ['a token in capitals', { 'X-Gitlab-Token': SECRET.toUpperCase() }],
    ['an empty token', { 'X-Gitlab-Token': '' }],
    ['a signature for a token', { 'X-Gitlab-Token': hmac }],
    ['the secret for a signature', { 'X-Gitea-Signature': SECRET }],
    ['the secret where GitHub has none', { Authorization: `Bearer ${SECRET}` }],
  ])('with %s is refused, in the same words each time', async (_name, headers) => {
    const missing = await server.deliver({ headers: {} });
    const answer = await server.deliver({ headers });
    expect([answer.status, answer.body, server.triggered]).toEqual([401, missing.body, []]);
    expect(JSON.parse(answer.body)).toEqual({ error: expect.stringContaining('valid signature') });
  });

  it('is not proven by what comes after its body', async () => {
    const text = await raw(
      server.address,
      `POST /hooks/git/team HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTrailer: X-Gitea-Signature\r\nTransfer-Encoding: chunked\r\n\r\n${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\nX-Gitea-Signature: ${hmac}\r\n\r\n`,
    );
    expect([text.split(' ')[1], server.triggered]).toEqual(['401', []]);
  });

  it('is signed as a whole, of however many chunks', async () => {
    const chunks = [...BODY].map((letter) => `1\r\n${letter}\r\n`).join('');
    const send = (body: string) =>
      raw(
        server.address,
        `POST /hooks/git/team HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Gitea-Signature: ${hmac}\r\nTransfer-Encoding: chunked\r\n\r\n${body}0\r\n\r\n`,
      );
    expect((await send(chunks)).split(' ')[1]).toBe('202');
    expect((await send(`${chunks}1\r\n \r\n`)).split(' ')[1]).toBe('401');
    expect(server.triggered).toEqual(['team']);
  });

  it('without a body is signed like any other', async () => {
    expect((await server.deliver({ body: '' })).status).toBe(202);
    expect((await server.deliver({ body: '', headers: signed(BODY) })).status).toBe(401);
  });

  it('for one source opens no other', async () => {
    const own = await openHooks(make, {
      webhooks: { secretOf: (source) => Promise.resolve(Buffer.from(`secret of ${source}`)) },
    });
    const headers = signed(BODY, 'secret of team');
    expect([
      (await own.deliver({ headers })).status,
      (await own.deliver({ source: 'other', headers })).status,
      own.triggered,
    ]).toEqual([202, 401, ['team']]);
  });
});

describe('a secret', () => {
  it.each<[string, string, Record<string, string | string[]>, number]>([
    ['that is empty lets no signature in', '', signed(BODY, ''), 401],
    ['that is empty lets no token in', '', { 'X-Gitlab-Token': '' }, 401],
    [
      'of more than ASCII is compared by its bytes',
      'schlüssel',
      { 'X-Gitlab-Token': Buffer.from('schlüssel').toString('latin1') },
      202,
    ],
    ['with a comma is not two headers', 'a, a', { 'X-Gitlab-Token': ['a', 'a'] }, 401],
    ['with a comma is one header', 'a, a', { 'X-Gitlab-Token': 'a, a' }, 202],
    ['that is longer than a block of the hash signs', 'long '.repeat(100), signed(BODY, 'long '.repeat(100)), 202],
  ])('%s', async (_name, secret, headers, status) => {
    const own = await openHooks(make, { webhooks: { secretOf: () => Promise.resolve(Buffer.from(secret)) } });
    expect((await own.deliver({ headers })).status).toBe(status);
    expect(own.triggered).toHaveLength(status === 202 ? 1 : 0);
  });
});

describe('proofs', () => {
  it('are none without a header that counts', () => {
    expect(readProofs({})).toBeNull();
    expect(readProofs({ 'x-hub-signature': [sha1] })).toBeNull();
    expect(isGenuine([], Buffer.from(SECRET), hmac)).toBe(false);
  });

  it('are as GitHub computes them', async () => {
    // The example of GitHub's documentation.
    const own = await openHooks(make, {
      webhooks: { secretOf: () => Promise.resolve(Buffer.from("It's a Secret to Everybody")) },
    });
    const headers = {
      'X-Hub-Signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    };
    expect((await own.deliver({ body: 'Hello, World!', headers })).status).toBe(202);
  });
});
