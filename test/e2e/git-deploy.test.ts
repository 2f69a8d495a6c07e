import { createHmac } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { SourceSummary } from '../../controller/status/sources.js';
import { inLongRuns } from '../support/cases.js';
import { testEngineHost } from '../support/e2e/engine.js';
import { eventually } from '../support/e2e/eventually.js';
import { createRepository, type TestRepository } from '../support/git/repository.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { NO_CACHE, up, workspace } from '../support/e2e/kalpana-specs.js';

const site = createSite('gitops', testEngineHost(), NO_CACHE);
const SECRET = 'between the two of us';
const names = ['go-a', 'go-b', 'go-c'];
let repository: TestRepository;
let kalpana: Kalpana;

const text = (name: string, spec: object = {}) =>
  `${JSON.stringify(workspace(name, { ...NO_CACHE, ...spec }), null, 2)}\n`;
const gitFlags = () => [
  '--git',
  repository.url,
  '--git-ref',
  'main',
  '--git-path',
  'specs',
  '--git-name',
  'team',
  '--git-webhook-secret-file',
  join(site.secrets, 'hook'),
];
const start = () => site.start({ flags: [...gitFlags(), '--listen', '127.0.0.1:0'] });
const source = async (): Promise<SourceSummary> => (await kalpana.sources()).find(({ id }) => id === 'git:team')!;
const revisions = async () =>
  Object.fromEntries((await kalpana.list()).items.map(({ name, revision }) => [name, revision]));

/** A push: the references move, then the hook of the repository runs. */
async function hook(body = '{"ref":"refs/heads/main"}', secret = SECRET): Promise<number> {
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  const answer = await fetch(`${await kalpana.address()}/hooks/git/team`, {
    method: 'POST',
    body,
    headers: { 'X-Hub-Signature-256': `sha256=${signature}` },
  });
  await answer.text();
  return answer.status;
}

async function converged(revision: string): Promise<void> {
  await eventually(
    async () => expect(await revisions()).toEqual(Object.fromEntries(names.map((name) => [name, revision]))),
    { withinMs: 30_000 },
  );
}

async function metric(pattern: RegExp): Promise<string[]> {
  const body = await (await fetch(`${await kalpana.address()}/metrics`)).text();
  return body.split('\n').filter((line) => !line.startsWith('#') && pattern.test(line));
}

beforeAll(() => {
  mkdirSync(join(site.dir, 'repos'));
  site.secret('hook', `${SECRET}\n`);
  repository = createRepository(join(site.dir, 'repos/specs.git'));
  repository.commit(Object.fromEntries(names.map((name) => [`specs/${name}.json`, text(name)])));
  kalpana = start();
});

describe('a commit', () => {
  it('is a deployment: its workspaces run, and say which revision they are of', async () => {
    await kalpana.ready(...names);
    expect(await site.docker.list(site.label)).toEqual(up(...names));
    await converged(repository.head()!);
    const table = await site.command('get', 'workspaces', '-o', 'wide', '--state-dir', site.state);
    expect(table.out).toMatch(new RegExp(`go-a .*git:team +${repository.head()!.slice(0, 12)}`));
    expect((await site.command('get', 'sources', '--state-dir', site.state)).out).toMatch(
      new RegExp(`git:team +True +main +${repository.head()!.slice(0, 12)}`),
    );
    expect(await metric(/[^d]_revision_info/)).toEqual([
      `kalpana_source_revision_info{source="git:team",revision="${repository.head()}"} 1`,
      ...names.map(
        (name) => `kalpana_workspace_revision_info{name="${name}",source="git:team",revision="${repository.head()}"} 1`,
      ),
    ]);
  });

  it('that changes one workspace reconciles that one alone, and all are at its revision', async () => {
    const before = kalpana.logs().length;
    const revision = repository.commit({ 'specs/go-b.json': text('go-b', { env: [{ name: 'A', value: '1' }] }) });
    await converged(revision);
    const keys = kalpana
      .logs()
      .slice(before)
      .filter(({ msg, operations }) => msg === 'reconciled' && Number(operations) > 0)
      .map(({ key }) => key);
    expect(new Set(keys)).toEqual(new Set(['go-b']));
    await eventually(async () => expect((await site.docker.container('workspace-go-b')).Config.Env).toContain('A=1'), {
      withinMs: 20_000,
    });
  });

  it('that is bad in one file changes nothing, and is told of with author, file, line and column', async () => {
    const good = repository.head()!;
    const bad = repository.commit(
      { 'specs/go-a.json': '{\n "kind": oops }', 'specs/go-b.json': text('go-b') },
      { author: 'Mallory <m@example.com>' },
    );
    await eventually(
      async () =>
        expect((await source()).git).toMatchObject({
          applied: { revision: good },
          attempted: { revision: bad },
          failure: { reason: 'CommitInvalid' },
        }),
      { withinMs: 20_000 },
    );
    const message = `commit ${bad.slice(0, 12)} by Mallory <m@example.com> is not applied: specs/go-a.json:2:10: `;
    expect(
      (await kalpana.ask<{ items: { message: string }[] }>('/api/v1/events')).items.map((event) => event.message),
    ).toContainEqual(expect.stringContaining(message));
    await kalpana.log({ msg: 'commit not applied', revision: bad, author: 'Mallory <m@example.com>' });
    expect(await metric(/git_source_failing|git_commits_total/)).toEqual(
      expect.arrayContaining([
        'kalpana_git_source_failing{source="git:team"} 1',
        'kalpana_git_commits_total{source="git:team",result="refused"} 1',
      ]),
    );
    await eventually(async () => expect((await kalpana.condition('go-a', 'SpecValid'))?.status).toBe('False'), {
      withinMs: 20_000,
    });
    expect(await site.docker.list(site.label)).toEqual(up(...names));
    expect((await site.docker.container('workspace-go-b')).Config.Env).toContain('A=1');
    const mended = repository.commit({ 'specs/go-a.json': text('go-a') });
    await converged(mended);
  });

  it('is rolled out when its workspaces have converged, and not before', async () => {
    const revision = repository.commit({
      'specs/go-c.json': text('go-c', { image: 'nobody/has-this:1', imagePullPolicy: 'Never' }),
    });
    await kalpana.log({ msg: 'commit not rolled out', revision });
    expect((await kalpana.list()).items.find(({ name }) => name === 'go-c')?.revision).not.toBe(revision);
    const mended = repository.commit({ 'specs/go-c.json': text('go-c') });
    await kalpana.log({ msg: 'commit rolled out', revision: mended });
  });
});

describe('a hook', () => {
  it('has a push looked at, and needs a valid signature', async () => {
    // Nothing else tells of it: the local repository is watched, so another one is pushed to.
    expect(await hook(undefined, 'guessed')).toBe(401);
    expect(await hook()).toBe(202);
    await kalpana.log({ msg: 'commit rolled out', revision: repository.head() });
    expect(await metric(/git_webhooks_total.*(accepted|refused)/)).toEqual([
      'kalpana_git_webhooks_total{source="git:team",result="accepted"} 1',
      'kalpana_git_webhooks_total{source="git:team",result="refused"} 1',
    ]);
  });

  it("comes from a real push by the repository's own post-receive", async () => {
    const script = join(repository.path, 'hooks/post-receive');
    mkdirSync(join(repository.path, 'hooks'), { recursive: true });
    const address = await kalpana.address();
    writeFileSync(
      script,
      `#!/bin/sh\ncurl -s -o /dev/null -X POST -H "X-Gitlab-Token: ${SECRET}" --data '{}' ${address}/hooks/git/team\n`,
    );
    chmodSync(script, 0o755);
    const other = createRepository(join(site.dir, 'repos/other.git'));
    other.git(['fetch', '-q', repository.path, '+main:main']);
    const revision = other.commit({ 'specs/go-a.json': text('go-a', { env: [{ name: 'PUSHED', value: 'yes' }] }) });
    other.git(['push', '-q', repository.path, 'main']);
    await converged(revision);
    expect((await site.docker.container('workspace-go-a')).Config.Env).toContain('PUSHED=yes');
  });
});

describe('a restart', () => {
  it('goes on from what is applied, while the server is away too', async () => {
    const revision = repository.head()!;
    await kalpana.kill();
    const ids = await Promise.all(names.map(async (name) => (await site.docker.container(`workspace-${name}`)).Id));
    const flags = gitFlags().map((flag) => (flag === repository.url ? 'file:///nonexistent' : flag));
    kalpana = site.start({ flags: [...flags, '--listen', '127.0.0.1:0'] });
    await eventually(async () => expect((await source()).git?.failure?.reason).toBe('FetchFailed'), {
      withinMs: 20_000,
    });
    await kalpana.stop();
    kalpana = start();
    await converged(revision);
    expect(await Promise.all(names.map(async (name) => (await site.docker.container(`workspace-${name}`)).Id))).toEqual(
      ids,
    );
  });
});

describe('a source', () => {
  it('that is suspended applies nothing new until it is resumed', async () => {
    const before = repository.head()!;
    expect((await site.command('source', 'suspend', 'team', '--state-dir', site.state)).code).toBe(0);
    const revision = repository.commit({ 'specs/go-a.json': text('go-a') });
    expect((await site.command('source', 'sync', 'team', '--state-dir', site.state)).out).toMatch(/suspended/);
    expect((await site.command('get', 'sources', '--state-dir', site.state)).out).toMatch(/git:team +Suspended/);
    expect(await revisions()).toEqual(Object.fromEntries(names.map((name) => [name, before])));
    expect((await site.command('source', 'resume', 'team', '--state-dir', site.state)).code).toBe(0);
    await converged(revision);
    expect(await site.command('source', 'sync', 'nobody', '--state-dir', site.state)).toMatchObject({
      code: 1,
      err: expect.stringContaining("there is no git source 'nobody'"),
    });
  });

  it('that shares a name with a directory has it refused, and what runs stays', async () => {
    site.put('go-a', { env: [{ name: 'B', value: '2' }] });
    await eventually(
      async () =>
        expect(await kalpana.condition('go-a', 'SpecValid')).toMatchObject({
          status: 'False',
          message: expect.stringContaining('is also defined at'),
        }),
      { withinMs: 20_000 },
    );
    expect(await site.docker.list(site.label)).toEqual(up(...names));
    site.drop('go-a.json');
    await eventually(async () => expect((await kalpana.condition('go-a', 'SpecValid'))?.status).toBe('True'), {
      withinMs: 20_000,
    });
  });

  it('whose commits remove nearly all has that held', async () => {
    repository.commit({
      'specs/go-a.json': null,
      'specs/go-b.json': null,
      'specs/go-c.json': null,
      'specs/.gitkeep': '',
    });
    await eventually(async () => expect((await kalpana.list()).held).toEqual(names), { withinMs: 20_000 });
    expect(await site.docker.list(site.label)).toEqual(up(...names));
    const back = repository.commit(Object.fromEntries(names.map((name) => [`specs/${name}.json`, text(name)])));
    await converged(back);
    expect((await kalpana.list()).held).toEqual([]);
  });

  inLongRuns('commands: plan, run --once; contract git-source, git-compare; simulation: a second plan is empty', () =>
    it("is planned with, without touching the controller's clone, and converged once", async () => {
      await kalpana.stop();
      expect(await site.plan(...gitFlags())).toMatchObject({ code: 0, out: 'Nothing to do.\n' });
      repository.commit({ 'specs/go-b.json': text('go-b', { env: [{ name: 'A', value: '3' }] }) });
      const planned = await site.plan(...gitFlags());
      expect([planned.code, planned.out]).toEqual([2, expect.stringContaining('env A: added')]);
      expect(await site.once(...gitFlags())).toMatchObject({ code: 0 });
      expect((await site.docker.container('workspace-go-b')).Config.Env).toContain('A=3');
      repository.commit({ 'specs/go-b.json': '{' });
      expect((await site.once(...gitFlags())).code).toBe(1);
      expect((await site.plan(...gitFlags())).err).toContain('specs/go-b.json:1:');
    }),
  );
});
