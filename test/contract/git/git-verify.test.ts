import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { workspaceText, type CommitOptions } from '../../support/git/repository.js';
import { createGitTestSite, type SiteSource } from '../../support/git/site.js';

let keys: string;
const ssh = (name: string): CommitOptions => ({ sign: { format: 'ssh', key: join(keys, name) } });
const gpg = (name: string): CommitOptions => ({ sign: { format: 'openpgp', key: name, home: join(keys, 'gpg') } });

beforeAll(() => {
  // Short: gpg's sockets have their place in it.
  keys = mkdtempSync('/tmp/kk-');
  for (const name of ['ann', 'mallory'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(keys, name)]);
  writeFileSync(
    join(keys, 'allowed'),
    `ann@example.com namespaces="git" ${readFileSync(join(keys, 'ann.pub'), 'utf8')}`,
  );
  execFileSync('mkdir', ['-m', '700', join(keys, 'gpg')]);
  const run = (...args: string[]) =>
    execFileSync('gpg', ['--homedir', join(keys, 'gpg'), '--batch', '--quiet', ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  for (const name of ['ann', 'mallory'])
    run('--passphrase', '', '--quick-gen-key', `${name}@example.com`, 'ed25519', 'sign', '1d');
  writeFileSync(join(keys, 'ring'), run('--export', 'ann@example.com'));
});
afterAll(() => {
  execFileSync('gpgconf', ['--homedir', join(keys, 'gpg'), '--kill', 'all']);
  rmSync(keys, { recursive: true, force: true });
});

const first = { 'alice.json': workspaceText('alice') };

describe.each<['ssh' | 'gpg', () => { kind: 'ssh' | 'gpg'; file: string }, (name: string) => CommitOptions]>([
  ['ssh', () => ({ kind: 'ssh', file: join(keys, 'allowed') }), ssh],
  ['gpg', () => ({ kind: 'gpg', file: join(keys, 'ring') }), (name) => gpg(`${name}@example.com`)],
])('verification by %s', (kind, verify, by) => {
  // The tests are pushes into one repository, each with a branch of its own.
  let site: ReturnType<typeof createGitTestSite>;
  let one: SiteSource;
  let good = '';
  beforeAll(async () => {
    site = createGitTestSite();
    good = site.repository.commit(first, by('ann'));
    one = await site.started({ verify: verify() });
  });
  afterAll(() => site.close());

  it('applies what a trusted key has signed', () => {
    expect(one.source.git()).toMatchObject({ failure: null, applied: { revision: good } });
  });

  it('finds keys that are named from the directory it was started in', async () => {
    const file = basename(verify().file);
    site.repository.move('named', good);
    const named = await site.startedIn(keys, { name: 'named', ref: 'named', verify: { kind, file } });
    expect(named.source.git()).toMatchObject({ failure: null, applied: { revision: good } });
  });

  it.each<[string, () => CommitOptions, RegExp]>([
    ['nobody has signed', () => ({}), /is not applied: it is not signed/],
    ['another key has signed', () => by('mallory'), /is not applied: no trusted key has signed it/],
    [
      'a trusted person has signed in another way',
      () => (kind === 'ssh' ? gpg('ann@example.com') : ssh('ann')),
      /is not applied: /,
    ],
  ])('applies nothing that %s, and leaves what is in force', async (_, options, message) => {
    await one.judged(site.repository.commit({ 'bob.json': workspaceText('bob') }, { ...options(), parent: good }));
    expect(one.source.git()).toMatchObject({
      applied: { revision: good },
      failure: { reason: 'SignatureInvalid', message: expect.stringMatching(message) },
    });
    const snapshot = await site.desired([one]).scan();
    expect([...snapshot.workspaces.keys()]).toEqual(['alice']);
  });

  it('looks at what an earlier process applied as well', async () => {
    const unsigned = { name: 'earlier', ref: 'earlier' };
    site.repository.commit(first, { branch: 'earlier' });
    await (await site.started(unsigned)).source.stop();
    const next = await site.started({ ...unsigned, verify: verify() });
    expect(next.source.git()).toMatchObject({ applied: null, failure: { reason: 'SignatureInvalid' } });
    expect(await site.desired([next]).scan()).toMatchObject({ complete: false });
  });

  it('says so when the keys cannot be read, looks again when they have changed, and tells once what came of it', async () => {
    const trusted = join(site.root, 'trusted');
    site.repository.move('changed', good);
    const changed = await site.started({ name: 'changed', ref: 'changed', verify: { kind, file: trusted } });
    await changed.synced();
    expect(changed.source.git()).toMatchObject({
      applied: null,
      failure: {
        reason: 'SignatureInvalid',
        message: expect.stringMatching(/the file of trusted keys .*trusted cannot be read: it does not exist/),
      },
    });
    copyFileSync(verify().file, trusted);
    changed.source.sync('request');
    await changed.until((source) => source.git().applied !== null);
    await changed.synced();
    expect(changed.source.git()).toMatchObject({ applied: { revision: good }, failure: null });
    expect(changed.commits.map(({ failure }) => failure?.reason ?? null)).toEqual(['SignatureInvalid', null]);
  });
});
