import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  makeCertificate,
  serveGit,
  type GitHttpFault,
  type GitHttpOptions,
  type GitHttpServer,
} from '../../support/git/http-server.js';
import { workspaceText } from '../../support/git/repository.js';
import { createGitTestSite } from '../../support/git/site.js';

let site: ReturnType<typeof createGitTestSite>;
let server: GitHttpServer | null = null;
beforeEach(() => void (site = createGitTestSite()));
afterEach(async () => {
  await site.close();
  await server?.stop();
  server = null;
});

async function serve(options: Partial<GitHttpOptions> = {}): Promise<GitHttpServer> {
  server = await serveGit({ root: join(site.root, 'repos'), ...options });
  return server;
}

function secretFile(name: string, text: string): string {
  const file = join(site.root, name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

/** Everything that is below a directory, as text. */
function contentsBelow(directory: string): string {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'latin1'))
    .join('\n');
}

const TOKEN = 'ghp_s3cr3t-of-nobody';

describe('smart http', () => {
  it('fetches one commit alone, and asks without fetching while nothing moves', async () => {
    const { url, requests } = await serve();
    site.repository.commit({ 'alice.json': workspaceText('alice') });
    site.repository.commit({ 'alice.json': workspaceText('alice', { image: 'debian:13' }) });
    const one = await site.started({ url: url('specs.git') });
    expect(one.source.git()).toMatchObject({ failure: null, applied: { revision: site.repository.head() } });
    const clone = join(site.root, 'state/git/team/clone.git');
    expect(readFileSync(join(clone, 'shallow'), 'utf8').trim()).toBe(site.repository.head());
    const before = requests.length;
    await one.synced();
    expect(requests.slice(before).filter(({ path }) => path.endsWith('/info/refs')).length).toBe(3);
  });

  it('is faster on a hook: it fetches at once', async () => {
    const { url, requests } = await serve();
    site.repository.commit({ 'alice.json': workspaceText('alice') });
    const one = await site.started({ url: url('specs.git') });
    const revision = site.repository.commit({ 'alice.json': workspaceText('alice', { image: 'debian:13' }) });
    const before = requests.length;
    one.source.sync('hook');
    await one.until((source) => source.git().applied?.revision === revision);
    expect(one.commits.at(-1)).toMatchObject({ trigger: 'hook' });
    expect(requests.slice(before).filter(({ path }) => path.endsWith('/info/refs')).length).toBe(1);
  });

  it('sends a token from its file, anew each time, and leaves it nowhere', async () => {
    let password = TOKEN;
    const { url, requests } = await serve({ auth: { user: 'kalpana', password: () => password } });
    site.repository.commit({ 'alice.json': workspaceText('alice') });
    const tokenFile = secretFile('token', `${TOKEN}\n`);
    const one = await site.started({ url: url('specs.git'), tokenFile });
    expect(one.source.git()).toMatchObject({ failure: null, applied: { revision: site.repository.head() } });
    expect(requests.filter(({ authorization }) => authorization !== null).length).toBeGreaterThan(0);

    password = 'another';
    site.repository.commit({ 'bob.json': workspaceText('bob') });
    await one.synced();
    expect(one.source.git().failure?.message).toMatch(/Authentication failed.*check the token in/);
    secretFile('token', 'another\r\n');
    await one.synced();
    expect(one.source.git()).toMatchObject({ failure: null, applied: { revision: site.repository.head() } });
    expect(contentsBelow(join(site.root, 'state'))).not.toMatch(new RegExp(`${TOKEN}|another`));
    expect(JSON.stringify([one.source.git(), one.fetches, one.commits])).not.toContain(TOKEN);
  });

  it('says what is missing without a token, and with a file that is not there', async () => {
    const { url } = await serve({ auth: { user: 'kalpana', password: () => TOKEN } });
    site.repository.commit({ 'alice.json': workspaceText('alice') });
    expect((await site.started({ url: url('specs.git') })).source.git().failure?.message).toMatch(
      /give a token with --git-token-file/,
    );
    expect(
      (await site.started({ name: 'b', url: url('specs.git'), tokenFile: join(site.root, 'none') })).source.git()
        .failure?.message,
    ).toMatch(/check the token in .*none/);
  });

  it('sends the token to no other host', async () => {
    const other = await serveGit({ root: join(site.root, 'repos'), auth: { user: 'kalpana', password: () => TOKEN } });
    const { url, fault } = await serve();
    site.repository.commit({ 'alice.json': workspaceText('alice') });
    fault({ kind: 'redirect', to: other.origin.replace('127.0.0.1', 'localhost') });
    const one = await site.started({ url: url('specs.git'), tokenFile: secretFile('token', TOKEN) });
    expect(one.source.git().failure).not.toBeNull();
    expect(other.requests.filter(({ authorization }) => authorization !== null)).toEqual([]);
    await other.stop();
  });

  it('trusts the certificates of a file, and else those of the system', async () => {
    const tls = makeCertificate(site.root);
    const { url } = await serve({ tls });
    site.repository.commit({ 'alice.json': workspaceText('alice') });
    expect((await site.started({ url: url('specs.git') })).source.git().failure?.message).toMatch(
      /certificate.*--git-ca-file/i,
    );
    expect((await site.started({ name: 'b', url: url('specs.git'), caFile: tls.cert })).source.git()).toMatchObject({
      failure: null,
      applied: { revision: site.repository.head() },
    });
  });
});

describe('files that are named from the directory it was started in', () => {
  it('are found for https', async () => {
    const tls = makeCertificate(site.root);
    const { url } = await serve({ tls, auth: { user: 'kalpana', password: () => TOKEN } });
    site.repository.commit({ 'alice.json': workspaceText('alice') });
    const here = (file: string) => relative(site.root, file);
    const one = await site.startedIn(site.root, {
      url: url('specs.git'),
      caFile: here(tls.cert),
      tokenFile: here(secretFile('token', TOKEN)),
    });
    expect(one.source.git()).toMatchObject({ failure: null, applied: { revision: site.repository.head() } });
  });
});

describe('a server that misbehaves', () => {
  it.each<[string, GitHttpFault, RegExp]>([
    ['never answers', { kind: 'hang' }, /gave no answer within 1 s/],
    ['falls silent in a pack', { kind: 'hang-in-pack' }, /gave no answer within 1 s/],
    ['cuts a pack', { kind: 'cut-in-pack' }, /cannot be fetched: .*|gave no answer/],
    ['fails', { kind: 'status', status: 500 }, /cannot be fetched: .*500/],
    ['refuses', { kind: 'status', status: 403 }, /403.*give a token/],
    ['knows no such repository', { kind: 'status', status: 404 }, /not found.*check the address/],
    ['sends a page to log in', { kind: 'garbage' }, /no branch and no tag main/],
    ['sends without end', { kind: 'endless' }, /sends more than 1048576 bytes|gave no answer within/],
  ])('leaves the last good commit in force when it %s, and is asked again', async (_, fault, message) => {
    const http = await serve();
    const good = site.repository.commit({ 'alice.json': workspaceText('alice') });
    const one = await site.started({ url: http.url('specs.git'), timeoutMs: 1_000, maxBytes: 1024 * 1024 });
    const next = site.repository.commit({ 'bob.json': workspaceText('bob') });
    http.fault(fault);
    one.source.sync('request');
    await one.until((source) => source.git().failure !== null);
    expect(one.source.git()).toMatchObject({
      applied: { revision: good },
      failure: { message: expect.stringMatching(message) },
    });
    const snapshot = await site.desired([one]).scan();
    expect([snapshot.complete, [...snapshot.workspaces.keys()]]).toEqual([false, ['alice']]);
    http.fault(null);
    one.source.sync('request');
    await one.until((source) => source.git().applied?.revision === next && source.git().failure === null);
  });

  it('is asked again by itself, soon after a failure', async () => {
    const http = await serve();
    http.fault({ kind: 'status', status: 500 });
    const revision = site.repository.commit({ 'alice.json': workspaceText('alice') });
    const one = await site.started({ url: http.url('specs.git') });
    expect(one.source.git()).toMatchObject({ applied: null, failure: { reason: 'FetchFailed' } });
    http.fault(null);
    await one.until((source) => source.git().applied?.revision === revision);
  });

  it('does not get a larger clone than allowed', async () => {
    const http = await serve();
    const good = site.repository.commit({ 'alice.json': workspaceText('alice') });
    const one = await site.started({ url: http.url('specs.git'), maxBytes: 1024 * 1024 });
    const noise = Array.from({ length: 400_000 }, (_, index) => Math.imul(index + 1, 0x9e3779b1).toString(36)).join('');
    site.repository.commit({ noise });
    await one.synced();
    expect(one.source.git()).toMatchObject({
      applied: { revision: good },
      failure: {
        reason: 'CloneTooLarge',
        message: expect.stringMatching(/sends more than 1048576 bytes.*--git-max-size/),
      },
    });
    site.repository.commit({ noise: null, 'bob.json': workspaceText('bob') });
    await one.synced();
    expect(one.source.git()).toMatchObject({ failure: null, applied: { revision: site.repository.head() } });
    expect(contentsBelow(join(site.root, 'state/git')).length).toBeLessThan(2 * 1024 * 1024);
  });

  it('keeps the clone small over hundreds of commits', async () => {
    site.repository.commit({ 'alice.json': workspaceText('alice') });
    const one = await site.started();
    for (let round = 0; round < 45; round += 1) {
      const revision = site.repository.commit({ 'alice.json': workspaceText('alice', { image: `debian:${round}` }) });
      one.source.sync('hook');
      await one.until((source) => source.git().applied?.revision === revision);
    }
    await one.synced();
    const packs = readdirSync(join(site.root, 'state/git/team/clone.git/objects/pack')).filter((name) =>
      name.endsWith('.pack'),
    );
    expect(packs.length).toBeLessThanOrEqual(41);
    expect(
      readFileSync(join(site.root, 'state/git/team/clone.git/shallow'), 'utf8').trim().split('\n').length,
    ).toBeLessThanOrEqual(41);
  });

  it('is not needed by a stop: what git does then ends at once', async () => {
    const http = await serve();
    http.fault({ kind: 'hang' });
    const one = site.open({ url: http.url('specs.git'), timeoutMs: 60_000 });
    one.source.start();
    while (http.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const before = performance.now();
    await one.source.stop();
    expect(performance.now() - before).toBeLessThan(2_000);
  });

  it('is told of as one without git is', async () => {
    const one = await site.started({}, { path: '/nonexistent' });
    expect(one.source.git().failure).toMatchObject({
      reason: 'GitUnusable',
      message: expect.stringMatching(/git command is not installed: install git/),
    });
  });
});
