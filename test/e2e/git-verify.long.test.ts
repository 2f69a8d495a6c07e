import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { SourceSummary } from '../../controller/status/sources.js';
import { testEngineHost } from '../support/e2e/engine.js';
import { eventually } from '../support/e2e/eventually.js';
import { createRepository, type TestRepository } from '../support/git/repository.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { NO_CACHE, up, workspace } from '../support/e2e/kalpana-specs.js';

// In each run test/contract/git/git-verify verifies signatures of real repositories, and git-deploy refuses a commit.

const site = createSite('gitverify', testEngineHost());
let repository: TestRepository;
let kalpana: Kalpana;

const keyOf = (name: string) => join(site.secrets, name);
const signedBy = (name: string) => ({ sign: { format: 'ssh', key: keyOf(name) } as const });
const trust = (...names: readonly string[]) =>
  site.secret(
    'allowed',
    names.map((name) => `ann@example.com namespaces="git" ${readFileSync(`${keyOf(name)}.pub`, 'utf8')}`).join(''),
  );
const text = (name: string, spec: object = {}) => JSON.stringify(workspace(name, { ...NO_CACHE, ...spec }), null, 2);
const git = async () =>
  (await kalpana.sources()).find(({ id }) => id === 'git:team')?.git as NonNullable<SourceSummary['git']>;

beforeAll(async () => {
  for (const name of ['ann', 'bob'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', keyOf(name)]);
  trust('ann');
  mkdirSync(join(site.dir, 'repos'));
  repository = createRepository(join(site.dir, 'repos/specs.git'));
  repository.commit({ 'specs/gv-a.json': text('gv-a') }, signedBy('ann'));
  kalpana = site.start({
    flags: [
      '--git',
      repository.url,
      '--git-ref',
      'main',
      '--git-path',
      'specs',
      '--git-name',
      'team',
      '--git-verify-ssh',
      join(site.secrets, 'allowed'),
    ],
  });
  await kalpana.ready('gv-a');
});

describe('with signatures asked for', () => {
  it.each<[string, () => object]>([
    ['nobody has signed', () => ({})],
    ['somebody else has signed', () => signedBy('bob')],
  ])('a commit that %s changes nothing, and that is told', async (_, options) => {
    const { applied } = await git();
    const before = await site.docker.ids(site.label);
    const revision = repository.commit(
      { 'specs/gv-a.json': text('gv-a', { env: [{ name: 'A', value: 'forged' }] }), 'specs/gv-b.json': text('gv-b') },
      options(),
    );
    await eventually(
      async () =>
        expect(await git()).toMatchObject({
          attempted: { revision },
          applied: { revision: applied?.revision },
          failure: { reason: 'SignatureInvalid' },
        }),
      { withinMs: 20_000 },
    );
    await kalpana.log({ msg: 'commit not applied', revision, reason: 'SignatureInvalid' });
    expect(await site.docker.ids(site.label)).toEqual(before);
    expect((await kalpana.status('gv-a')).revision).toBe(applied?.revision);
  });

  it('a commit is applied when its key is trusted after all', async () => {
    trust('ann', 'bob');
    expect((await site.command('source', 'sync', 'team', '--state-dir', site.state)).code).toBe(0);
    await kalpana.log({ msg: 'commit rolled out', revision: repository.head() });
    expect(await git()).toMatchObject({ applied: { revision: repository.head() }, failure: null });
    expect(await site.docker.list(site.label)).toEqual(up('gv-a', 'gv-b'));
    expect((await site.docker.container('workspace-gv-a')).Config.Env).toContain('A=forged');
  });
});
