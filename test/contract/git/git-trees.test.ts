import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { accessOf } from '../../../controller/source/git/access.js';
import { createGit } from '../../../controller/source/git/git-command.js';
import { workspaceText } from '../../support/git/repository.js';
import { createGitTestSite, type SiteSource } from '../../support/git/site.js';

let site: ReturnType<typeof createGitTestSite>;
beforeEach(() => void (site = createGitTestSite()));
afterEach(() => site.close());

const alice = workspaceText('alice');
const bob = workspaceText('bob');

/** The rows are commits without a parent to one branch. */
describe('the tree of a commit', () => {
  let history: ReturnType<typeof createGitTestSite>;
  let one: SiteSource;
  beforeAll(async () => {
    history = createGitTestSite();
    history.repository.commit({ 'specs/first.json': workspaceText('first') });
    one = await history.started({ path: 'specs' });
  });
  afterAll(() => history.close());

  type Files = Record<string, string | { link: string } | { submodule: string }>;
  const push = (files: Files) =>
    one.judged(
      history.repository.commit(
        Object.fromEntries(Object.entries(files).map(([path, change]) => [`specs/${path}`, change])),
        { parent: null },
      ),
    );

  it.each<[string, Files, string[]]>([
    [
      'dotfiles, backups and other files',
      { '.alice.json': alice, 'bob.json~': bob, '#carol.json': alice, 'README.md': 'x', '.hidden/dave.json': alice },
      [],
    ],
    [
      'a link to a file of another name',
      { 'alice.json': { link: 'kept/alice.spec' }, 'kept/alice.spec': alice },
      ['alice'],
    ],
    [
      'a link to a spec that is there by itself',
      { 'alice.json': alice, 'also.json': { link: 'alice.json' } },
      ['alice'],
    ],
    [
      'a link within the repository that is no spec',
      { 'alice.json': alice, README: { link: '../docs/README' } },
      ['alice'],
    ],
    ['a submodule that is no spec', { 'alice.json': alice, modules: { submodule: '1'.repeat(40) } }, ['alice']],
    ['names of all kinds', { 'a "b" ünï.json': alice }, ['alice']],
  ])('takes %s as a directory would', async (_, files, names) => {
    await push(files);
    expect(one.source.git().failure).toBeNull();
    expect(Object.keys((await history.wanted(one)).images)).toEqual(names);
  });

  it.each<[string, Files, RegExp]>([
    [
      'an absolute link',
      { 'alice.json': { link: '/etc/passwd' } },
      /specs\/alice\.json:1:1: is a link that leads out of the repository/,
    ],
    ['a link out of the repository', { 'alice.json': { link: '../../../etc/passwd' } }, /leads out of the repository/],
    [
      'such a link that is no spec',
      { more: { link: '/srv' } },
      /specs\/more:1:1: is a link that leads out of the repository/,
    ],
    ['a link out of the directory', { 'alice.json': { link: '../other.json' } }, /leads out of the source directory/],
    ['a link to nothing', { 'alice.json': { link: 'nowhere' } }, /does not exist/],
    ['a link to itself', { 'alice.json': { link: 'alice.json' } }, /something else than a file/],
    [
      'a link to a directory',
      { 'alice.json': { link: 'deep' }, 'deep/bob.json': bob },
      /does not exist, or through other links/,
    ],
    [
      'a submodule that is called like a spec',
      { 'alice.json': { submodule: '1'.repeat(40) } },
      /is a submodule, not a file/,
    ],
    ['directories that are too deep', { 'a/b/c/d/e/f/g/h/i/alice.json': alice }, /more than 8 directories deep/],
  ])('refuses a commit with %s', async (_, files, message) => {
    const before = one.source.git().applied;
    await push(files);
    expect(one.source.git()).toMatchObject({
      applied: before,
      failure: { reason: 'CommitInvalid', message: expect.stringMatching(message) },
    });
  });
});

describe('a repository', () => {
  it('runs no hook and takes no setting of a repository', async () => {
    const touched = join(site.root, 'touched');
    site.repository.git(['config', 'uploadpack.packObjectsHook', `touch ${touched};`]);
    site.repository.git(['config', 'core.fsmonitor', `touch ${touched}`]);
    site.repository.commit({ 'alice.json': alice, '.gitattributes': '* filter=evil' });
    const one = await site.started();
    expect(one.source.git().failure).toBeNull();
    expect(readdirSync(site.root)).not.toContain('touched');
  });

  it.each(['ext::sh -c "touch% %S"', 'fd::7'])(
    'lets git itself refuse what is no address of a server: %s',
    async (address) => {
      const git = createGit({ path: process.env['PATH'] ?? '', home: site.root, proxies: {} });
      const call = {
        args: ['ls-remote', '--', address.replace('%S', join(site.root, 'touched'))],
        timeoutMs: 10_000,
        maxOutput: 1_024,
        ...accessOf(site.settings(), '/dev/null'),
      };
      await expect(git(call)).rejects.toThrow(/transport '(ext|fd)' not allowed/);
      expect(readdirSync(site.root)).not.toContain('touched');
    },
  );

  it('reads only what a commit changed', async () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `w${index}`);
    site.repository.commit(Object.fromEntries(names.map((name) => [`${name}.json`, workspaceText(name)])));
    const one = await site.started();
    const desired = site.desired([one]);
    const before = await desired.scan();
    await one.judged(site.repository.commit({ 'w7.json': workspaceText('w7', { image: 'debian:13' }) }));
    const after = await desired.scan();
    expect(
      [...after.workspaces.values()]
        .filter((workspace) => before.workspaces.get(workspace.name) !== workspace)
        .map(({ name }) => name),
    ).toEqual(['w7']);
  });
});
