import { describe, expect, it } from '@jest/globals';
import { parseGitUrl } from '../../../controller/model/git-url.js';

describe('addresses of repositories', () => {
  it.each<[string, object]>([
    ['https://git.example/team/specs.git', { scheme: 'https', origin: 'https://git.example', isLoopback: false }],
    ['https://git.example:8443/specs', { scheme: 'https', origin: 'https://git.example:8443' }],
    ['http://127.0.0.1:3000/specs.git', { scheme: 'http', origin: 'http://127.0.0.1:3000', isLoopback: true }],
    ['http://[::1]:3000/specs.git', { scheme: 'http', isLoopback: true }],
    ['ssh://git@git.example:2222/team/specs.git', { scheme: 'ssh', origin: null, isLoopback: false }],
    ['git@git.example:team/specs.git', { scheme: 'ssh', text: 'git@git.example:team/specs.git' }],
    ['file:///srv/git/specs.git', { scheme: 'file', path: '/srv/git/specs.git', text: 'file:///srv/git/specs.git' }],
    [
      '/srv/git/my#specs?.git',
      { scheme: 'file', path: '/srv/git/my#specs?.git', text: 'file:///srv/git/my%23specs%3F.git' },
    ],
  ])('takes %s', (text, expected) => {
    expect(parseGitUrl(text)).toMatchObject(expected);
  });

  it.each<[string, RegExp]>([
    ['ext::sh -c touch% /tmp/x', /spaces/],
    ['ext::sh', /is not the address/],
    ['fd::17/foo', /is not the address/],
    ['ftp://git.example/specs', /has the scheme ftp/],
    ['git://git.example/specs', /has the scheme git/],
    ['https://user:password@git.example/specs', /holds credentials/],
    ['https://ghp_token@git.example/specs', /holds credentials/],
    ['ssh://git:password@git.example/specs', /holds credentials/],
    ['ssh://-oProxyCommand=touch/specs', /is not an address|names no host/],
    ['-oProxyCommand=x:specs', /is not the address/],
    ['--upload-pack=touch', /is not the address/],
    ['git@-oProxyCommand=x:specs', /is not the address/],
    ['https://git.example', /names no repository/],
    ['https://git.example/specs?x=1', /query or a fragment/],
    ['file://host/specs', /file address with a host/],
    ['specs', /is not the address/],
    ['../specs', /is not the address/],
    ['', /is not the address/],
    ['https://git.example/a\nb', /spaces or control/],
  ])('refuses %j', (text, message) => {
    expect(parseGitUrl(text)).toEqual({ error: expect.stringMatching(message) });
  });
});
