import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Clock } from '../../../controller/model/clock.js';
import { systemClock } from '../../../controller/model/clock.js';
import type { Git } from '../../../controller/source/git/git-command.js';
import { variants } from '../../support/cases.js';
import {
  makeCertificate,
  serveGit,
  type GitHttpFault,
  type GitHttpOptions,
  type GitHttpServer,
} from '../../support/git/http-server.js';
import { workspaceText } from '../../support/git/repository.js';
import { createGitTestSite, type SiteSource } from '../../support/git/site.js';

let site: ReturnType<typeof createGitTestSite>;
const servers: GitHttpServer[] = [];
beforeEach(() => void (site = createGitTestSite()));
afterEach(async () => {
  await site.close();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function serve(options: Partial<GitHttpOptions> = {}): Promise<GitHttpServer> {
  const server = await serveGit({ root: join(site.root, 'repos'), ...options });
  servers.push(server);
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
  it('fetches one commit alone, asks without fetching while nothing moves, and on a hook fetches at once', async () => {
    const { url, requests } = await serve();
    site.repository.commit({ 'alice.json': workspaceText('alice') });
    site.repository.commit({ 'alice.json': workspaceText('alice', { image: 'debian:13' }) });
    const one = await site.started({ url: url('specs.git') });
    expect(one.source.git()).toMatchObject({ failure: null, applied: { revision: site.repository.head() } });
    const clone = join(site.root, 'state/git/team/clone.git');
    expect(readFileSync(join(clone, 'shallow'), 'utf8').trim()).toBe(site.repository.head());
    const before = requests.length;
    await one.synced();
    const asked = requests.slice(before).filter(({ path }) => path.endsWith('/info/refs')).length;
    expect(asked).toBe(one.fetches.length - 1);

    // A hook is faster: it fetches at once.
    const revision = site.repository.commit({ 'alice.json': workspaceText('alice', { image: 'debian:14' }) });
    const beforeHook = requests.length;
    await one.judged(revision, 'hook');
    expect(one.source.git().applied?.revision).toBe(revision);
    expect(one.commits.at(-1)).toMatchObject({ trigger: 'hook' });
    expect(requests.slice(beforeHook).filter(({ path }) => path.endsWith('/info/refs')).length).toBe(1);
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
    const next = site.repository.commit({ 'bob.json': workspaceText('bob') });
    expect((await one.failed()).message).toMatch(/Authentication failed.*check the token in/);
    secretFile('token', 'another\r\n');
    await one.judged(next);
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
    const other = await serve({ auth: { user: 'kalpana', password: () => TOKEN } });
    const { url, fault } = await serve();
    site.repository.commit({ 'alice.json': workspaceText('alice') });
    fault({ kind: 'redirect', to: other.origin.replace('127.0.0.1', 'localhost') });
    const one = await site.started({ url: url('specs.git'), tokenFile: secretFile('token', TOKEN) });
    expect(one.source.git().failure).not.toBeNull();
    expect(other.requests.filter(({ authorization }) => authorization !== null)).toEqual([]);
  });

  it('trusts the certificates of a file, and else those of the system; files are those of where it was started', async () => {
    const tls = makeCertificate(site.root);
    const { url } = await serve({ tls, auth: { user: 'kalpana', password: () => TOKEN } });
    const revision = site.repository.commit({ 'alice.json': workspaceText('alice') });
    const tokenFile = secretFile('token', TOKEN);
    expect((await site.started({ url: url('specs.git'), tokenFile })).source.git().failure?.message).toMatch(
      /certificate.*--git-ca-file/i,
    );
    const named = { url: url('specs.git'), caFile: tls.cert, tokenFile };
    expect((await site.started({ ...named, name: 'b' })).source.git()).toMatchObject({
      failure: null,
      applied: { revision },
    });
    const here = (file: string) => relative(site.root, file);
    const one = await site.startedIn(site.root, {
      ...named,
      name: 'c',
      caFile: here(tls.cert),
      tokenFile: here(tokenFile),
    });
    expect(one.source.git()).toMatchObject({ failure: null, applied: { revision } });
  });
});

const TIMEOUT_MS = 500;

/** The rows are one history of one repository. */
describe('a server that misbehaves', () => {
  let history: ReturnType<typeof createGitTestSite>;
  let http: GitHttpServer;
  let one: SiteSource;
  let isSilent = false;
  let round = 0;
  const waits: number[] = [];
  /** Only where git waits in vain: a slow machine's good answer is not cut off. */
  const around =
    (git: Git): Git =>
    (call) =>
      git(isSilent || call.timeoutMs !== TIMEOUT_MS ? call : { ...call, timeoutMs: 60_000 });
  /** What would be waited for seconds comes at once, and the interval of an hour as ever. */
  const hasty: Clock = {
    ...systemClock,
    after(ms, task) {
      waits.push(ms);
      return systemClock.after(ms < 60_000 ? 1 : ms, task);
    },
  };

  beforeAll(async () => {
    history = createGitTestSite();
    http = await serveGit({ root: join(history.root, 'repos') });
    history.repository.commit({ 'alice.json': workspaceText('alice') });
    one = await history.started(
      { url: http.url('specs.git'), timeoutMs: TIMEOUT_MS, maxBytes: 1024 * 1024 },
      { around },
    );
  });
  afterAll(async () => {
    await history.close();
    await http.stop();
  });

  const FAULTS: readonly [string, GitHttpFault, RegExp][] = [
    ['never answers', { kind: 'hang' }, /gave no answer within 0.5 s/],
    ['cuts a pack', { kind: 'cut-in-pack' }, /cannot be fetched: .*|gave no answer/],
    ['sends a page to log in', { kind: 'garbage' }, /no branch and no tag main/],
    ['sends without end', { kind: 'endless' }, /sends more than 1048576 bytes|gave no answer within/],
    ['falls silent in a pack', { kind: 'hang-in-pack' }, /gave no answer within 0.5 s/],
    ['fails', { kind: 'status', status: 500 }, /cannot be fetched: .*500/],
    ['refuses', { kind: 'status', status: 403 }, /403.*give a token/],
    ['knows no such repository', { kind: 'status', status: 404 }, /not found.*check the address/],
  ];
  it.each(variants(FAULTS, 4))(
    'leaves the last good commit in force when it %s, and is asked again',
    async (_, fault, message) => {
      round += 1;
      const good = one.source.git().applied?.revision;
      const next = history.repository.commit({ 'alice.json': workspaceText('alice', { image: `debian:${round}` }) });
      http.fault(fault);
      isSilent = fault.kind !== 'status' && fault.kind !== 'garbage';
      await one.failed();
      expect(one.source.git()).toMatchObject({
        applied: { revision: good },
        failure: { message: expect.stringMatching(message) },
      });
      const snapshot = await history.desired([one]).scan();
      expect([snapshot.complete, [...snapshot.workspaces.keys()]]).toEqual([false, ['alice']]);
      http.fault(null);
      isSilent = false;
      await one.judged(next);
      expect(one.source.git()).toMatchObject({ applied: { revision: next }, failure: null });
    },
  );

  it('is asked again by itself, soon after a failure', async () => {
    http.fault({ kind: 'status', status: 500 });
    const waiting = await history.started({ name: 'waiting', url: http.url('specs.git') }, { clock: hasty });
    expect(waiting.source.git()).toMatchObject({ applied: null, failure: { reason: 'FetchFailed' } });
    http.fault(null);
    await waiting.until((source) => source.git().applied?.revision === history.repository.head());
    expect(waits[0]).toBe(2_000);
  });
});

describe('a clone', () => {
  it('does not become larger than allowed', async () => {
    const http = await serve();
    const good = site.repository.commit({ 'alice.json': workspaceText('alice') });
    const maxBytes = 128 * 1024;
    const one = await site.started({ url: http.url('specs.git'), maxBytes });
    const noise = Array.from({ length: 40_000 }, (_, index) => Math.imul(index + 1, 0x9e3779b1).toString(36)).join('');
    site.repository.commit({ noise });
    await one.failed();
    expect(one.source.git()).toMatchObject({
      applied: { revision: good },
      failure: {
        reason: 'CloneTooLarge',
        message: expect.stringMatching(/sends more than 131072 bytes.*--git-max-size/),
      },
    });
    await one.judged(site.repository.commit({ noise: null, 'bob.json': workspaceText('bob') }));
    expect(one.source.git()).toMatchObject({ failure: null, applied: { revision: site.repository.head() } });
    expect(contentsBelow(join(site.root, 'state/git')).length).toBeLessThan(2 * maxBytes);
  });

  it('is not waited for by a stop: what git does then ends at once', async () => {
    const http = await serve();
    http.fault({ kind: 'hang' });
    const one = site.open({ url: http.url('specs.git'), timeoutMs: 600_000 });
    one.source.start();
    while (http.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const before = performance.now();
    await one.source.stop();
    expect(performance.now() - before).toBeLessThan(60_000);
  });

  it('cannot be made without git, which is said', async () => {
    const one = await site.started({}, { path: '/nonexistent' });
    expect(one.source.git().failure).toMatchObject({
      reason: 'GitUnusable',
      message: expect.stringMatching(/git command is not installed: install git/),
    });
  });
});
