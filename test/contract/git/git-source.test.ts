import { readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { workspaceText } from '../../support/git-repository.js';
import { createGitTestSite, type SiteSource } from '../../support/git-site.js';

let site: ReturnType<typeof createGitTestSite>;
beforeEach(() => void (site = createGitTestSite()));
afterEach(() => site.close());

const alice = workspaceText('alice');
const bob = workspaceText('bob');
const BROKEN = '{\n  "kind": "Workspace",\n  oops\n}\n';

/** What a scan makes of the sources, by name. */
async function wanted(...sources: SiteSource[]) {
  const snapshot = await site.desired(sources).scan();
  return {
    complete: snapshot.complete,
    images: Object.fromEntries([...snapshot.workspaces].map(([name, { creation }]) => [name, creation.image])),
    problems: Object.fromEntries([...snapshot.workspaces].flatMap(([name, { problem }]) => (problem === null ? [] : [[name, problem.location.file]]))),
    claimed: [...snapshot.claimed].sort(),
    revision: snapshot.revisions.get('git:team') ?? null,
  };
}

describe('a git source', () => {
  it('applies the newest commit of its branch, below its path, and says which', async () => {
    site.repository.commit({ 'specs/alice.json': alice, 'specs/deep/bob.json': bob, 'other/carol.json': workspaceText('carol') });
    const revision = site.repository.head();
    const one = await site.started({ path: 'specs' });
    expect(await wanted(one)).toEqual({ complete: true, images: { alice: 'debian:12', bob: 'debian:12' }, problems: {}, claimed: [], revision });
    expect(one.source.git()).toMatchObject({ ref: 'main', path: 'specs', failure: null, applied: { revision, author: 'Ann <ann@example.com>', subject: 'a change' }, attempted: { revision } });
  });

  it('follows a branch of a local repository at once', async () => {
    site.repository.commit({ 'alice.json': alice });
    const one = await site.started();
    site.repository.commit({ 'alice.json': workspaceText('alice', { image: 'debian:13' }) });
    await one.until((source) => source.git().applied?.revision === site.repository.head());
    expect(one.commits.at(-1)).toMatchObject({ trigger: 'local' });
    expect((await wanted(one)).images).toEqual({ alice: 'debian:13' });
  });

  it('applies a commit whole or not at all, and names commit, author, file, line and column', async () => {
    const good = site.repository.commit({ 'alice.json': alice, 'bob.json': bob });
    const one = await site.started();
    const bad = site.repository.commit({ 'alice.json': BROKEN, 'bob.json': workspaceText('bob', { image: 'debian:13' }), 'carol.json': workspaceText('carol') }, { author: 'Mallory <m@example.com>' });
    await one.synced();
    expect(await wanted(one)).toEqual({ complete: true, images: { alice: 'debian:12', bob: 'debian:12' }, problems: { alice: 'alice.json' }, claimed: ['carol'], revision: good });
    expect(one.source.git()).toMatchObject({ applied: { revision: good }, attempted: { revision: bad }, failure: { reason: 'CommitInvalid' } });
    expect(one.source.git().failure?.message).toBe(`commit ${bad.slice(0, 12)} by Mallory <m@example.com> is not applied: alice.json:3:3: not valid JSON: an unknown word; put text into double quotes`);
    site.repository.commit({ 'alice.json': alice });
    await one.synced();
    expect(await wanted(one)).toEqual({ complete: true, images: { alice: 'debian:12', bob: 'debian:13', carol: 'debian:12' }, problems: {}, claimed: [], revision: site.repository.head() });
  });

  it.each<[string, Record<string, string | null>, RegExp]>([
    ['a spec that the schema refuses', { 'bob.json': workspaceText('bob', { imag: 'x' }) }, /bob\.json:\d+:\d+: spec\.imag: unknown field/],
    ['a rule that no schema says', { 'bob.json': workspaceText('bob', { ports: [{ containerPort: 80 }, { containerPort: 80 }] }) }, /bob\.json:\d+:\d+: /],
    ['one name twice', { 'b2.json': bob }, /bob.*is also defined at/],
    ['a file that is too large', { 'bob.json': ' '.repeat(1024 * 1024 + 1) }, /bob\.json:1:1: the file is larger than 1 MiB/],
    ['a half-written file', { 'bob.json': '{"kind": "Work' }, /bob\.json:1:\d+: not valid JSON/],
  ])('refuses a commit with %s', async (_, changes, message) => {
    const good = site.repository.commit({ 'alice.json': alice, 'bob.json': bob });
    const one = await site.started();
    site.repository.commit(changes);
    await one.synced();
    expect(one.source.git().failure?.message).toMatch(message);
    expect(await wanted(one)).toMatchObject({ complete: true, images: { alice: 'debian:12', bob: 'debian:12' }, revision: good });
  });

  it('applies nothing of a first commit that is bad, and lets nothing be removed for it', async () => {
    site.repository.commit({ 'alice.json': alice, 'bob.json': BROKEN });
    const one = await site.started();
    expect(await wanted(one)).toEqual({ complete: false, images: {}, problems: {}, claimed: ['alice'], revision: null });
  });

  it('removes what a good commit has no longer, after two scans', async () => {
    site.repository.commit({ 'alice.json': alice, 'bob.json': bob });
    const one = await site.started();
    const desired = site.desired([one]);
    await desired.scan();
    site.repository.commit({ 'bob.json': null });
    await one.synced();
    expect((await desired.scan()).removed.size).toBe(0);
    let removed: string[] = [];
    while (removed.length === 0) {
      await new Promise<void>((resolve) => {
        const end = desired.watch(() => (end(), resolve()));
        void desired.scan();
      });
      removed = [...(await desired.scan()).removed.keys()];
    }
    expect(removed).toEqual(['bob']);
  });

  it('takes a commit without specs for what it says, and one without the directory for a mistake', async () => {
    const good = site.repository.commit({ 'specs/alice.json': alice, 'specs/.gitkeep': '' });
    const one = await site.started({ path: 'specs' });
    site.repository.commit({ 'specs/alice.json': null, 'specs/.gitkeep': null, README: 'empty' });
    await one.synced();
    expect(one.source.git().failure).toMatchObject({ reason: 'PathMissing', message: expect.stringMatching(/it has no directory specs/) });
    expect(await wanted(one)).toMatchObject({ images: { alice: 'debian:12' }, revision: good });
    site.repository.commit({ 'specs/.gitkeep': '' });
    await one.synced();
    expect(one.source.git()).toMatchObject({ failure: null, applied: { revision: site.repository.head() } });
  });
});

describe('references', () => {
  it('follows a forced push to an unrelated history', async () => {
    site.repository.commit({ 'alice.json': alice });
    const one = await site.started();
    const other = site.repository.commit({ 'bob.json': bob }, { parent: null });
    await one.synced();
    expect(await wanted(one)).toMatchObject({ revision: other, images: { bob: 'debian:12' } });
  });

  it('keeps the last good commit of a branch that was deleted, removes nothing meanwhile, and follows when it is back', async () => {
    const good = site.repository.commit({ 'alice.json': alice });
    const one = await site.started();
    site.repository.deleteBranch('main');
    await one.synced();
    expect(one.source.git().failure).toMatchObject({ reason: 'RefMissing', message: expect.stringMatching(/no branch and no tag main/) });
    expect(await wanted(one)).toMatchObject({ complete: false, images: { alice: 'debian:12' }, revision: good });
    site.repository.commit({ 'bob.json': bob }, { parent: good });
    await one.synced();
    expect(await wanted(one)).toMatchObject({ complete: true, images: { alice: 'debian:12', bob: 'debian:12' } });
  });

  it.each(['tag', 'annotatedTag'] as const)('follows a %s that moves', async (make) => {
    site.repository[make]('v1', site.repository.commit({ 'alice.json': alice }));
    const one = await site.started({ ref: 'v1' });
    const next = site.repository.commit({ 'alice.json': workspaceText('alice', { image: 'debian:13' }) });
    expect((await wanted(one)).images).toEqual({ alice: 'debian:12' });
    site.repository[make]('v1', next);
    await one.synced();
    expect(await wanted(one)).toMatchObject({ images: { alice: 'debian:13' }, revision: next });
  });

  it.each<[string, (revision: string) => string | null]>([
    ['a commit', (revision) => revision],
    ['a full name', () => 'refs/heads/main'],
    ['the HEAD', () => 'HEAD'],
    ['nothing', () => null],
  ])('takes %s', async (_, ref) => {
    const revision = site.repository.commit({ 'alice.json': alice });
    const one = await site.started({ ref: ref(revision) });
    expect(one.source.git()).toMatchObject({ failure: null, applied: { revision } });
  });

  it('stays at a commit that was named, whatever the branch does, and asks nobody again', async () => {
    const revision = site.repository.commit({ 'alice.json': alice });
    const one = await site.started({ ref: revision });
    site.repository.commit({ 'alice.json': bob });
    await one.synced();
    expect(one.source.git().applied?.revision).toBe(revision);
  });

  it.each<[string, () => string, RegExp]>([
    ['a name that is not there', () => 'nowhere', /no branch and no tag nowhere/],
    ['a name of both kinds', () => 'both', /both is a branch and a tag: write refs\/heads\/both/],
    ['a tag of something else than a commit', () => 'blob', /leads to no commit/],
    ['a commit that is not there', () => 'f'.repeat(40), /cannot be fetched/],
  ])('says so of %s', async (_, ref, message) => {
    const revision = site.repository.commit({ 'alice.json': alice });
    site.repository.move('both', revision);
    site.repository.tag('both', revision);
    site.repository.tag('blob', site.repository.git(['rev-parse', `${revision}:alice.json`]));
    const one = await site.started({ ref: ref() });
    expect(one.source.git().failure?.message).toMatch(message);
    expect((await wanted(one)).complete).toBe(false);
  });

  it('says so of a repository without a commit, and of one that is not there', async () => {
    expect((await site.started({ ref: null })).source.git().failure?.message).toMatch(/the repository is empty/);
    expect((await site.started({ name: 'gone', url: join(site.root, 'gone') })).source.git().failure?.message).toMatch(/does not appear to be a git repository.*check the address/);
  });
});

describe('restarts', () => {
  it('knows what is applied before the server answers, and removes nothing until it does', async () => {
    const revision = site.repository.commit({ 'alice.json': alice });
    const first = await site.started();
    await first.source.stop();
    rmSync(site.repository.path, { recursive: true });
    const one = await site.started();
    expect(one.source.git()).toMatchObject({ applied: { revision }, failure: { reason: 'FetchFailed' } });
    expect(await wanted(one)).toMatchObject({ complete: false, images: { alice: 'debian:12' }, revision });
    expect(site.desired([one]).sources()[0]).toMatchObject({ readOnce: false });
  });

  it('keeps the good commit in force when the newest is bad, in a new process too', async () => {
    const good = site.repository.commit({ 'alice.json': alice });
    await (await site.started()).source.stop();
    site.repository.commit({ 'alice.json': BROKEN });
    const one = await site.started();
    expect(await wanted(one)).toMatchObject({ complete: true, images: { alice: 'debian:12' }, revision: good });
  });

  it('does not take the clone of another repository, branch or path for its own', async () => {
    site.repository.commit({ 'a/alice.json': alice, 'b/bob.json': bob });
    await (await site.started({ path: 'a' })).source.stop();
    const one = site.open({ path: 'b' });
    expect(await wanted(one)).toMatchObject({ images: {}, complete: false });
    one.source.start();
    await one.until((source) => source.isSettled());
    expect((await wanted(one)).images).toMatchObject({ bob: 'debian:12' });
  });

  it.each<[string, (clone: string) => void]>([
    ['its HEAD is gone', (clone) => rmSync(join(clone, 'HEAD'))],
    ['its references are garbage', (clone) => writeFileSync(join(clone, 'refs/kalpana/applied'), 'garbage')],
    ['its packs are cut', (clone) => cutPacks(clone)],
    ['its packs are gone', (clone) => rmSync(join(clone, 'objects/pack'), { recursive: true })],
    ['its configuration is garbage', (clone) => writeFileSync(join(clone, 'config'), '[core')],
    ['a killed process left its locks', (clone) => writeFileSync(join(clone, 'shallow.lock'), '')],
    ['it is a file', (clone) => (rmSync(clone, { recursive: true }), writeFileSync(clone, ''))],
  ])('makes a clone anew when %s', async (_, harm) => {
    site.repository.commit({ 'alice.json': alice });
    await (await site.started()).source.stop();
    harm(join(site.root, 'state/git/team/clone.git'));
    const next = site.repository.commit({ 'bob.json': bob });
    const one = await site.started();
    await one.until((source) => source.git().applied?.revision === next && source.git().failure === null);
    expect(await wanted(one)).toMatchObject({ complete: true, images: { alice: 'debian:12', bob: 'debian:12' } });
    // The server has answered; that the new clone holds what is in force comes a moment later.
    await one.synced();
    await one.source.stop();
    expect((await wanted(site.open())).revision).toBe(next);
  });

  function cutPacks(clone: string): void {
    const directory = join(clone, 'objects/pack');
    for (const name of readdirSync(directory).filter((one) => one.endsWith('.pack'))) truncateSync(join(directory, name), Math.floor(statSync(join(directory, name)).size / 2));
  }
});

describe('suspending', () => {
  it('applies nothing new, over a restart too, until it is resumed', async () => {
    const first = site.repository.commit({ 'alice.json': alice });
    const one = await site.started();
    await one.source.suspend(true);
    const second = site.repository.commit({ 'bob.json': bob });
    await one.source.stop();
    const next = await site.started();
    expect(next.source.git()).toMatchObject({ isSuspended: true, applied: { revision: first } });
    expect((await wanted(next)).complete).toBe(true);
    await next.source.suspend(false);
    await next.until((source) => source.git().applied?.revision === second);
  });

  it('makes nothing of another configuration its own', async () => {
    site.repository.commit({ 'a/alice.json': alice, 'b/bob.json': bob });
    await (await site.started({ path: 'a' })).source.stop();
    await site.open({ path: 'b' }).source.suspend(true);
    const next = site.open({ path: 'b' });
    expect(await wanted(next)).toMatchObject({ complete: false, images: {}, revision: null });
    expect(next.source.git()).toMatchObject({ isSuspended: true, applied: null });
  });

  it('begins suspended when it is configured so', async () => {
    site.repository.commit({ 'alice.json': alice });
    const one = await site.started({ suspend: true });
    expect(one.source.git()).toMatchObject({ isSuspended: true, applied: null });
    expect(one.fetches).toEqual([]);
  });
});

describe('several sources', () => {
  it('refuses a name that two define, for that name alone, and what runs stays', async () => {
    site.repository.commit({ 'a/alice.json': alice, 'b/bob.json': bob });
    const [a, b] = [await site.started({ name: 'a', path: 'a' }), await site.started({ name: 'b', path: 'b' })];
    const desired = site.desired([a, b]);
    await desired.scan();
    site.repository.commit({ 'b/alice.json': workspaceText('alice', { image: 'debian:13' }), 'b/bob.json': workspaceText('bob', { image: 'debian:13' }) });
    await b.synced();
    const snapshot = await desired.scan();
    expect(snapshot.workspaces.get('alice')).toMatchObject({ creation: { image: 'debian:12' }, problem: { message: expect.stringMatching(/is also defined at/) } });
    expect(snapshot.workspaces.get('bob')).toMatchObject({ creation: { image: 'debian:13' }, problem: null });
    expect(snapshot.removed.size).toBe(0);
  });
});

describe('trees', () => {
  it.each<[string, Record<string, string | { link: string } | { submodule: string }>, string[]]>([
    ['dotfiles, backups and other files', { '.alice.json': alice, 'bob.json~': bob, '#carol.json': alice, 'README.md': 'x', '.hidden/dave.json': alice }, []],
    ['a link to a file of another name', { 'alice.json': { link: 'kept/alice.spec' }, 'kept/alice.spec': alice }, ['alice']],
    ['a link to a spec that is there by itself', { 'alice.json': alice, 'also.json': { link: 'alice.json' } }, ['alice']],
    ['a link within the repository that is no spec', { 'alice.json': alice, README: { link: '../docs/README' } }, ['alice']],
    ['a submodule that is no spec', { 'alice.json': alice, modules: { submodule: '1'.repeat(40) } }, ['alice']],
    ['names of all kinds', { 'a "b" ünï.json': alice }, ['alice']],
  ])('takes %s as a directory would', async (_, files, names) => {
    site.repository.commit(Object.fromEntries(Object.entries(files).map(([path, change]) => [`specs/${path}`, change])));
    const one = await site.started({ path: 'specs' });
    expect(one.source.git().failure).toBeNull();
    expect(Object.keys((await wanted(one)).images)).toEqual(names);
  });

  it.each<[string, Record<string, string | { link: string } | { submodule: string }>, RegExp]>([
    ['an absolute link', { 'alice.json': { link: '/etc/passwd' } }, /specs\/alice\.json:1:1: is a link that leads out of the repository/],
    ['a link out of the repository', { 'alice.json': { link: '../../../etc/passwd' } }, /leads out of the repository/],
    ['such a link that is no spec', { more: { link: '/srv' } }, /specs\/more:1:1: is a link that leads out of the repository/],
    ['a link out of the directory', { 'alice.json': { link: '../other.json' } }, /leads out of the source directory/],
    ['a link to nothing', { 'alice.json': { link: 'nowhere' } }, /does not exist/],
    ['a link to itself', { 'alice.json': { link: 'alice.json' } }, /something else than a file/],
    ['a link to a directory', { 'alice.json': { link: 'deep' }, 'deep/bob.json': bob }, /does not exist, or through other links/],
    ['a submodule that is called like a spec', { 'alice.json': { submodule: '1'.repeat(40) } }, /is a submodule, not a file/],
    ['directories that are too deep', { 'a/b/c/d/e/f/g/h/i/alice.json': alice }, /more than 8 directories deep/],
  ])('refuses a commit with %s', async (_, files, message) => {
    site.repository.commit(Object.fromEntries(Object.entries(files).map(([path, change]) => [`specs/${path}`, change])));
    const one = await site.started({ path: 'specs' });
    expect(one.source.git()).toMatchObject({ applied: null, failure: { reason: 'CommitInvalid', message: expect.stringMatching(message) } });
  });

  it('runs no hook and takes no setting of a repository', async () => {
    const touched = join(site.root, 'touched');
    site.repository.git(['config', 'uploadpack.packObjectsHook', `touch ${touched};`]);
    site.repository.git(['config', 'core.fsmonitor', `touch ${touched}`]);
    site.repository.commit({ 'alice.json': alice, '.gitattributes': '* filter=evil' });
    const one = await site.started();
    expect(one.source.git().failure).toBeNull();
    expect(readdirSync(site.root)).not.toContain('touched');
  });

  it('reads only what a commit changed', async () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `w${index}`);
    site.repository.commit(Object.fromEntries(names.map((name) => [`${name}.json`, workspaceText(name)])));
    const one = await site.started();
    const desired = site.desired([one]);
    const before = await desired.scan();
    site.repository.commit({ 'w7.json': workspaceText('w7', { image: 'debian:13' }) });
    await one.synced();
    const after = await desired.scan();
    expect([...after.workspaces.values()].filter((workspace) => before.workspaces.get(workspace.name) !== workspace).map(({ name }) => name)).toEqual(['w7']);
  });
});
