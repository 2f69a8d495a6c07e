import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { GitSettings } from '../../../controller/model/git.js';
import { runNoting, withVariables } from './harness.js';

let folder = '';
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'kalpana-cli-git-'))));
afterAll(() => rmSync(folder, { recursive: true }));

async function gitOf(...args: string[]) {
  const { calls, err, code } = await runNoting(['run', ...args]);
  return { git: (calls.run as { git: GitSettings[] } | undefined)?.git ?? [], err, code };
}

describe('git sources on the command line', () => {
  it('have defaults, and a name of their repository', async () => {
    const { git } = await gitOf('--git', 'https://git.example/team/My_Specs.git');
    expect(git).toEqual([
      expect.objectContaining({
        name: 'my-specs',
        ref: null,
        path: '',
        intervalMs: 60_000,
        timeoutMs: 60_000,
        maxBytes: 256 * 1024 * 1024,
        user: 'kalpana',
        tokenFile: null,
        ageIdentityFile: null,
        verify: null,
        status: null,
        suspend: false,
      }),
    ]);
  });

  it('take each flag for the repository before it', async () => {
    const { git } = await gitOf(
      '--git',
      '/srv/a.git',
      '--git-ref',
      'main',
      '--git-path',
      './specs/',
      '--git',
      'git@h:b.git',
      '--git-ssh-key-file',
      'k',
      '--git-known-hosts-file',
      'h',
      '--git-interval',
      '5m',
      '--git-age-identity-file',
      'i',
      '--git-suspend',
    );
    expect(git).toEqual([
      expect.objectContaining({ name: 'a', ref: 'main', path: 'specs', suspend: false }),
      expect.objectContaining({
        name: 'b',
        ref: null,
        path: '',
        sshKeyFile: 'k',
        knownHostsFile: 'h',
        intervalMs: 300_000,
        ageIdentityFile: 'i',
        suspend: true,
      }),
    ]);
  });

  it('come from variables and from a configuration file', async () => {
    const { calls } = await withVariables(
      { KALPANA_GIT: '/srv/a.git', KALPANA_GIT_REF: 'v1', KALPANA_GIT_TOKEN_FILE: '' },
      () => runNoting(['run']),
    );
    expect(calls.run).toBeUndefined();
    const good = await withVariables({ KALPANA_GIT: '/srv/a.git', KALPANA_GIT_REF: 'v1' }, () => runNoting(['run']));
    expect((good.calls.run as { git: GitSettings[] }).git).toEqual([expect.objectContaining({ name: 'a', ref: 'v1' })]);
    const file = join(folder, 'config.json');
    writeFileSync(
      file,
      JSON.stringify({
        git: [
          { url: '/srv/a.git', ref: 'main', verifySsh: 'allowed' },
          { url: '/srv/b.git', interval: '10s', suspend: true, maxSize: '1Gi' },
        ],
      }),
    );
    expect((await gitOf('--config', file)).git).toEqual([
      expect.objectContaining({ name: 'a', ref: 'main', verify: { kind: 'ssh', file: 'allowed' } }),
      expect.objectContaining({ name: 'b', intervalMs: 10_000, suspend: true, maxBytes: 1024 ** 3 }),
    ]);
  });

  it.each<[string[], RegExp]>([
    [['--git-ref', 'main', '--git', '/srv/a.git'], /It belongs to a --git before it/],
    [['--git', 'https://u:p@git.example/a.git'], /holds credentials/],
    [['--git', '/srv/a.git', '--git', '/srv/other/a.git'], /two git sources are called a: name one with --git-name/],
    [['--git', '/srv/a.git', '--git-ref', '--upload-pack=x'], /no branch, tag or commit/],
    [['--git', '/srv/a.git', '--git-ref', 'a..b'], /no branch, tag or commit/],
    [['--git', '/srv/a.git', '--git-ref', 'main:refs/heads/x'], /no branch, tag or commit/],
    [['--git', '/srv/a.git', '--git-path', '../other'], /a directory in the repository/],
    [['--git', '/srv/a.git', '--git-path', '/etc'], /a directory in the repository/],
    [['--git', '/srv/a.git', '--git-interval', '10ms'], /at least 1s/],
    [['--git', '/srv/a.git', '--git-max-size', '10'], /at least 1Mi/],
    [['--git', '/srv/a.git', '--git-token-file', 't'], /a token is for https/],
    [['--git', 'http://git.example/a.git', '--git-token-file', 't'], /could be read by anybody: use https/],
    [['--git', 'git@git.example:a.git'], /ssh needs --git-ssh-key-file and --git-known-hosts-file/],
    [['--git', '/srv/a.git', '--git-verify-ssh', 'a', '--git-verify-gpg', 'b'], /not both/],
    [['--git', '/srv/a.git', '--git-status', 'gitea'], /needs --git-status-token-file/],
    [['--git', '/srv/a.git', '--git-status', 'bitbucket'], /Write github, gitlab, gitea/],
    [['--git', '/srv/a.git', '--notify', 'ftp://x'], /http or https address/],
    [['--git', '/.git'], /give it a name with --git-name/],
  ])('%j is one line that says what to do', async (args, message) => {
    const { code, err } = await gitOf(...args);
    expect([code, err]).toEqual([1, expect.stringMatching(message)]);
    expect(err.trim().split('\n').length).toBe(1);
  });

  it.each<[unknown, RegExp]>([
    ['/srv/a.git', /Write a list of objects/],
    [[{ ref: 'main' }], /git\[0\] has no "url"/],
    [[{ url: '/srv/a.git', reff: 'main' }], /git\[0\] has an unknown field 'reff'/],
    [[{ url: '/srv/a.git', ref: ['main'] }], /git\[0\]\.ref has the wrong type/],
    [[{ url: 'ext::sh' }], /is not the address/],
  ])('%j in a configuration file too', async (git, message) => {
    const file = join(folder, 'bad.json');
    writeFileSync(file, JSON.stringify({ git }));
    expect((await gitOf('--config', file)).err).toMatch(message);
  });

  it.each([
    [['plan', '--specs', 'a', '--against', 'main'], /give --git once/],
    [['plan', '--git', '/srv/a.git', '--format', 'markdown'], /--format is for --against/],
    [['plan', '--git', '/srv/a.git', '--against', 'main', '--format', 'markdown', '-o', 'json'], /not both/],
  ])('%j makes no sense', async (args, message) => {
    expect(await runNoting(args)).toMatchObject({ code: 1, err: expect.stringMatching(message) });
  });
});
