import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { workspaceText, type CommitOptions } from '../../support/git/repository.js';
import { createGitTestSite } from '../../support/git/site.js';

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

let site: ReturnType<typeof createGitTestSite>;
beforeEach(() => void (site = createGitTestSite()));
afterEach(() => site.close());

const first = { 'alice.json': workspaceText('alice') };

describe.each<['ssh' | 'gpg', () => { kind: 'ssh' | 'gpg'; file: string }, (name: string) => CommitOptions]>([
  ['ssh', () => ({ kind: 'ssh', file: join(keys, 'allowed') }), ssh],
  ['gpg', () => ({ kind: 'gpg', file: join(keys, 'ring') }), (name) => gpg(`${name}@example.com`)],
])('verification by %s', (kind, verify, by) => {
  it('applies what a trusted key has signed', async () => {
    const revision = site.repository.commit(first, by('ann'));
    expect((await site.started({ verify: verify() })).source.git()).toMatchObject({
      failure: null,
      applied: { revision },
    });
  });

  it('finds keys that are named from the directory it was started in', async () => {
    const revision = site.repository.commit(first, by('ann'));
    const file = basename(verify().file);
    expect((await site.startedIn(keys, { verify: { kind, file } })).source.git()).toMatchObject({
      failure: null,
      applied: { revision },
    });
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
    const good = site.repository.commit(first, by('ann'));
    const one = await site.started({ verify: verify() });
    site.repository.commit({ 'bob.json': workspaceText('bob') }, options());
    await one.synced();
    expect(one.source.git()).toMatchObject({
      applied: { revision: good },
      failure: { reason: 'SignatureInvalid', message: expect.stringMatching(message) },
    });
    const snapshot = await site.desired([one]).scan();
    expect([...snapshot.workspaces.keys()]).toEqual(['alice']);
  });

  it('looks at what an earlier process applied as well', async () => {
    site.repository.commit(first);
    await (await site.started()).source.stop();
    const one = await site.started({ verify: verify() });
    expect(one.source.git()).toMatchObject({ applied: null, failure: { reason: 'SignatureInvalid' } });
    expect(await site.desired([one]).scan()).toMatchObject({ complete: false });
  });

  it('says so when the keys cannot be read', async () => {
    site.repository.commit(first, by('ann'));
    const one = await site.started({ verify: { kind, file: join(keys, 'none') } });
    expect(one.source.git().failure?.message).toMatch(
      /the file of trusted keys .*none cannot be read: it does not exist/,
    );
  });

  it('looks at a commit again when the keys have changed, and tells once what came of it', async () => {
    const trusted = join(site.root, 'trusted');
    const revision = site.repository.commit(first, by('ann'));
    const one = await site.started({ verify: { kind, file: trusted } });
    await one.synced();
    expect(one.source.git()).toMatchObject({ applied: null, failure: { reason: 'SignatureInvalid' } });
    copyFileSync(verify().file, trusted);
    one.source.sync('request');
    await one.until((source) => source.git().applied !== null);
    await one.synced();
    expect(one.source.git()).toMatchObject({ applied: { revision }, failure: null });
    expect(one.commits.map(({ failure }) => failure?.reason ?? null)).toEqual(['SignatureInvalid', null]);
  });
});
