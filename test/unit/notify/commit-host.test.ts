import { describe, expect, it } from '@jest/globals';
import { parseGitUrl, type GitUrl } from '../../../controller/model/git-url.js';
import { commitHost } from '../../../controller/notify/commit-host.js';

const NOTHING = { api: null, repository: null };
const at = (
  provider: 'github' | 'gitlab' | 'gitea',
  text: string,
  given: { api: string | null; repository: string | null } = NOTHING,
) => commitHost(provider, parseGitUrl(text) as GitUrl, given);

describe('commitHost', () => {
  it.each([
    ['github', 'https://github.com/team/specs.git', 'https://api.github.com', 'team/specs'],
    ['github', 'git@github.com:team/specs.git', 'https://api.github.com', 'team/specs'],
    ['github', 'ssh://git@ssh.github.com:443/team/specs.git', 'https://api.github.com', 'team/specs'],
    ['github', 'https://git.example/team/specs/', 'https://git.example/api/v3', 'team/specs'],
    ['gitlab', 'https://gitlab.com/group/sub/specs.git', 'https://gitlab.com/api/v4', 'group/sub/specs'],
    ['gitlab', 'http://git.example:8080/group/my%20specs', 'http://git.example:8080/api/v4', 'group/my specs'],
    ['gitlab', 'https://git.example:8443/group/specs', 'https://git.example:8443/api/v4', 'group/specs'],
    ['gitlab', 'ssh://git@git.example:2222/group/specs.git', 'https://git.example/api/v4', 'group/specs'],
    ['gitea', 'git@git.example:/team/specs.git', 'https://git.example/api/v1', 'team/specs'],
    ['gitea', 'http://127.0.0.1:3000/team/specs.git', 'http://127.0.0.1:3000/api/v1', 'team/specs'],
  ] as const)('%s: %s', (provider, text, api, repository) => {
    expect(at(provider, text)).toEqual({ api, repository });
  });

  it('takes what is given', () => {
    expect(
      at('gitea', 'file:///srv/specs.git', { api: 'https://git.example/gitea/api/v1/', repository: '/team/specs/' }),
    ).toEqual({ api: 'https://git.example/gitea/api/v1', repository: 'team/specs' });
    expect(
      at('gitlab', 'git@mirror.example:group/specs', { api: 'https://git.example/api/v4', repository: null }),
    ).toEqual({ api: 'https://git.example/api/v4', repository: 'group/specs' });
    expect(at('github', 'git@github.com:fork/specs', { api: null, repository: 'team/specs' })).toEqual({
      api: 'https://api.github.com',
      repository: 'team/specs',
    });
  });

  it('says what is missing', () => {
    for (const given of [
      NOTHING,
      { api: 'https://git.example', repository: null },
      { api: null, repository: 'team/specs' },
    ]) {
      expect(at('github', '/srv/specs.git', given)).toEqual({
        error: 'a file address tells no host: name both the API and the repository',
      });
    }
    for (const text of [
      'https://git.example/gitea/team/specs',
      'https://git.example/specs',
      'https://git.example/%2E%2E%2Fspecs',
    ])
      expect(at('gitea', text)).toEqual({ error: expect.stringContaining('is not owner/name') });
    for (const repository of ['specs', 'group/../specs', 'group//specs', ''])
      expect(at('gitlab', 'git@git.example:a/b', { api: null, repository })).toEqual({
        error: expect.stringContaining('is not group/name'),
      });
    expect(at('gitlab', 'https://git.example/a/%zz')).toEqual({ error: expect.stringContaining('tells no host') });
  });

  it.each(['nonsense', 'ftp://git.example', 'https://me:word@git.example', 'https://git.example/?key=word'])(
    'refuses the API %s without repeating it',
    (api) => {
      const { error } = at('github', 'git@github.com:team/specs', { api, repository: null }) as { error: string };
      expect(error).toContain('API');
      expect(error).not.toContain('word');
    },
  );
});
