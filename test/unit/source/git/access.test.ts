import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseGitUrl, type GitUrl } from '../../../../controller/model/git-url.js';
import type { GitSettings } from '../../../../controller/model/git.js';
import { accessOf } from '../../../../controller/source/git/access.js';

const NOTHING = { tokenFile: null, sshKeyFile: null, knownHostsFile: null, caFile: null } as const;

function access(url: string, change: Partial<GitSettings> = {}) {
  const settings = { ...NOTHING, user: 'kalpana', url: parseGitUrl(url) as GitUrl, ...change } as GitSettings;
  return accessOf(settings, '/state/any-owner.gitconfig');
}

describe('how git gets to a server', () => {
  it.each([
    { url: 'https://git.example/specs.git', scheme: 'https' },
    { url: 'ssh://git@git.example/specs.git', scheme: 'ssh' },
    { url: 'file:///srv/specs.git', scheme: 'file' },
  ])('is by nothing but $scheme', ({ url, scheme }) => {
    expect(access(url).env['GIT_ALLOW_PROTOCOL']).toBe(scheme);
  });

  it('is with a token for the host of the source alone, named by its file', () => {
    const { config, env } = access('https://git.example/team/specs.git', { tokenFile: 'token' });
    expect(Object.keys(config)).toEqual(['credential.https://git.example.helper']);
    expect(env).toMatchObject({ KALPANA_GIT_USER: 'kalpana', KALPANA_GIT_TOKEN_FILE: resolve('token') });
  });

  it.each(['ssh://git@git.example/specs.git', 'file:///srv/specs.git'])('is without a token to %s', (url) => {
    const { config, env } = access(url, { tokenFile: '/token' });
    expect(config).toEqual({});
    expect(Object.keys(env)).not.toContain('KALPANA_GIT_TOKEN_FILE');
  });

  it("is with the authority's certificate wherever git runs", () => {
    expect(access('https://git.example/specs.git', { caFile: 'ca.pem' }).config).toEqual({
      'http.sslCAInfo': resolve('ca.pem'),
    });
  });

  it('is by ssh with one key and one list of hosts, whatever their names hold', () => {
    const { env } = access('ssh://git@git.example/specs.git', {
      sshKeyFile: '/keys/my key',
      knownHostsFile: '/keys/100%h',
    });
    expect(env).toMatchObject({ KALPANA_SSH_KEY: '"/keys/my key"', KALPANA_SSH_KNOWN_HOSTS: '"/keys/100%%h"' });
    expect(env['GIT_SSH_COMMAND']).toContain('-F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes');
  });

  it('is by ssh without anybody else’s key or hosts where none were given', () => {
    const { env } = access('ssh://git@git.example/specs.git');
    expect(env).toMatchObject({ KALPANA_SSH_KEY: '"/dev/null"', KALPANA_SSH_KNOWN_HOSTS: '"/dev/null"' });
  });

  it('reads a repository of another owner only where a person named it by its path', () => {
    expect(access('file:///srv/specs.git').env['GIT_CONFIG_GLOBAL']).toBe('/state/any-owner.gitconfig');
    expect(access('https://git.example/specs.git').env['GIT_CONFIG_GLOBAL']).toBeUndefined();
  });
});
