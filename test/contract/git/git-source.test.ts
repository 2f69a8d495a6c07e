import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { workspaceText } from '../../support/git/repository.js';
import { createGitTestSite, type SiteSource } from '../../support/git/site.js';

let site: ReturnType<typeof createGitTestSite>;
beforeEach(() => void (site = createGitTestSite()));
afterEach(() => site.close());

const alice = workspaceText('alice');
const bob = workspaceText('bob');
const BROKEN = '{\n  "kind": "Workspace",\n  oops\n}\n';

describe('a git source', () => {
  it('applies the newest commit of its branch, below its path, and says which', async () => {
    site.repository.commit({
      'specs/alice.json': alice,
      'specs/deep/bob.json': bob,
      'other/carol.json': workspaceText('carol'),
    });
    const revision = site.repository.head();
    const one = await site.started({ path: 'specs' });
    expect(await site.wanted(one)).toEqual({
      complete: true,
      images: { alice: 'debian:12', bob: 'debian:12' },
      problems: {},
      claimed: [],
      revision,
    });
    expect(one.source.git()).toMatchObject({
      ref: 'main',
      path: 'specs',
      failure: null,
      applied: { revision, author: 'Ann <ann@example.com>', subject: 'a change' },
      attempted: { revision },
    });
  });

  it('follows a branch of a local repository at once', async () => {
    site.repository.commit({ 'alice.json': alice });
    const one = await site.started({ watched: true });
    site.repository.commit({ 'alice.json': workspaceText('alice', { image: 'debian:13' }) });
    await one.until((source) => source.git().applied?.revision === site.repository.head());
    expect(one.commits.at(-1)).toMatchObject({ trigger: 'local' });
    expect((await site.wanted(one)).images).toEqual({ alice: 'debian:13' });
  });

  it('applies a commit whole or not at all, and names commit, author, file, line and column', async () => {
    const good = site.repository.commit({ 'alice.json': alice, 'bob.json': bob });
    const one = await site.started();
    const bad = site.repository.commit(
      {
        'alice.json': BROKEN,
        'bob.json': workspaceText('bob', { image: 'debian:13' }),
        'carol.json': workspaceText('carol'),
      },
      { author: 'Mallory <m@example.com>' },
    );
    await one.judged(bad);
    expect(await site.wanted(one)).toEqual({
      complete: true,
      images: { alice: 'debian:12', bob: 'debian:12' },
      problems: { alice: 'alice.json' },
      claimed: ['carol'],
      revision: good,
    });
    expect(one.source.git()).toMatchObject({
      applied: { revision: good },
      attempted: { revision: bad },
      failure: { reason: 'CommitInvalid' },
    });
    expect(one.source.git().failure?.message).toBe(
      `commit ${bad.slice(0, 12)} by Mallory <m@example.com> is not applied: alice.json:3:3: not valid JSON: an unknown word; put text into double quotes`,
    );
    await one.judged(site.repository.commit({ 'alice.json': alice }));
    expect(await site.wanted(one)).toEqual({
      complete: true,
      images: { alice: 'debian:12', bob: 'debian:13', carol: 'debian:12' },
      problems: {},
      claimed: [],
      revision: site.repository.head(),
    });
  });

  it('applies nothing of a first commit that is bad, and lets nothing be removed for it', async () => {
    site.repository.commit({ 'alice.json': alice, 'bob.json': BROKEN });
    const one = await site.started();
    expect(await site.wanted(one)).toEqual({
      complete: false,
      images: {},
      problems: {},
      claimed: ['alice'],
      revision: null,
    });
  });

  it('removes what a good commit has no longer, after two scans', async () => {
    site.repository.commit({ 'alice.json': alice, 'bob.json': bob });
    const one = await site.started();
    const desired = site.desired([one]);
    await desired.scan();
    await one.judged(site.repository.commit({ 'bob.json': null }));
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
    await one.judged(site.repository.commit({ 'specs/alice.json': null, 'specs/.gitkeep': null, README: 'empty' }));
    expect(one.source.git().failure).toMatchObject({
      reason: 'PathMissing',
      message: expect.stringMatching(/it has no directory specs/),
    });
    expect(await site.wanted(one)).toMatchObject({ images: { alice: 'debian:12' }, revision: good });
    await one.judged(site.repository.commit({ 'specs/.gitkeep': '' }));
    expect(one.source.git()).toMatchObject({ failure: null, applied: { revision: site.repository.head() } });
  });
});

/** The rows are pushes into one repository. */
describe('a commit that is refused', () => {
  let history: ReturnType<typeof createGitTestSite>;
  let one: SiteSource;
  let good = '';
  beforeAll(async () => {
    history = createGitTestSite();
    good = history.repository.commit({ 'alice.json': alice, 'bob.json': bob });
    one = await history.started();
  });
  afterAll(() => history.close());

  it.each<[string, Record<string, string | null>, RegExp]>([
    [
      'a spec that the schema refuses',
      { 'bob.json': workspaceText('bob', { imag: 'x' }) },
      /bob\.json:\d+:\d+: spec\.imag: unknown field/,
    ],
    [
      'a rule that no schema says',
      { 'bob.json': workspaceText('bob', { ports: [{ containerPort: 80 }, { containerPort: 80 }] }) },
      /bob\.json:\d+:\d+: /,
    ],
    ['one name twice', { 'b2.json': bob }, /bob.*is also defined at/],
    [
      'a file that is too large',
      { 'bob.json': ' '.repeat(1024 * 1024 + 1) },
      /bob\.json:1:1: the file is larger than 1 MiB/,
    ],
    ['a half-written file', { 'bob.json': '{"kind": "Work' }, /bob\.json:1:\d+: not valid JSON/],
  ])('is one with %s: what is in force stays', async (_, changes, message) => {
    await one.judged(history.repository.commit(changes, { parent: good }));
    expect(one.source.git().failure?.message).toMatch(message);
    expect(await history.wanted(one)).toMatchObject({
      complete: true,
      images: { alice: 'debian:12', bob: 'debian:12' },
      revision: good,
    });
  });
});

describe('references', () => {
  it('follows a forced push to an unrelated history', async () => {
    site.repository.commit({ 'alice.json': alice });
    const one = await site.started();
    const other = site.repository.commit({ 'bob.json': bob }, { parent: null });
    await one.judged(other);
    expect(await site.wanted(one)).toMatchObject({ revision: other, images: { bob: 'debian:12' } });
  });

  it('keeps the last good commit of a branch that was deleted, removes nothing meanwhile, and follows when it is back', async () => {
    const good = site.repository.commit({ 'alice.json': alice });
    const one = await site.started();
    site.repository.deleteBranch('main');
    expect(await one.failed()).toMatchObject({
      reason: 'RefMissing',
      message: expect.stringMatching(/no branch and no tag main/),
    });
    expect(await site.wanted(one)).toMatchObject({ complete: false, images: { alice: 'debian:12' }, revision: good });
    await one.judged(site.repository.commit({ 'bob.json': bob }, { parent: good }));
    expect(await site.wanted(one)).toMatchObject({ complete: true, images: { alice: 'debian:12', bob: 'debian:12' } });
  });

  it.each(['tag', 'annotatedTag'] as const)('follows a %s that moves', async (make) => {
    site.repository[make]('v1', site.repository.commit({ 'alice.json': alice }));
    const one = await site.started({ ref: 'v1' });
    const next = site.repository.commit({ 'alice.json': workspaceText('alice', { image: 'debian:13' }) });
    expect((await site.wanted(one)).images).toEqual({ alice: 'debian:12' });
    site.repository[make]('v1', next);
    await one.judged(next);
    expect(await site.wanted(one)).toMatchObject({ images: { alice: 'debian:13' }, revision: next });
  });

  it('may be a full name, the HEAD, nothing or a commit: then it stays there, and asks nobody again', async () => {
    const revision = site.repository.commit({ 'alice.json': alice });
    const refs = { full: 'refs/heads/main', head: 'HEAD', none: null, commit: revision };
    const found: Record<string, unknown> = {};
    for (const [name, ref] of Object.entries(refs)) {
      const one = await site.started({ name, ref });
      if (name === 'commit') {
        site.repository.commit({ 'alice.json': bob });
        await one.synced();
      }
      const { failure, applied } = one.source.git();
      found[name] = failure ?? applied?.revision;
    }
    expect(found).toEqual({ full: revision, head: revision, none: revision, commit: revision });
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
    expect((await site.wanted(one)).complete).toBe(false);
  });

  it('says so of a repository without a commit, and of one that is not there', async () => {
    expect((await site.started({ ref: null })).source.git().failure?.message).toMatch(/the repository is empty/);
    expect((await site.started({ name: 'gone', url: join(site.root, 'gone') })).source.git().failure?.message).toMatch(
      /does not appear to be a git repository.*check the address/,
    );
  });
});

describe('several sources', () => {
  it('refuses a name that two define, for that name alone, and what runs stays', async () => {
    site.repository.commit({ 'a/alice.json': alice, 'b/bob.json': bob });
    const [a, b] = [await site.started({ name: 'a', path: 'a' }), await site.started({ name: 'b', path: 'b' })];
    const desired = site.desired([a, b]);
    await desired.scan();
    await b.judged(
      site.repository.commit({
        'b/alice.json': workspaceText('alice', { image: 'debian:13' }),
        'b/bob.json': workspaceText('bob', { image: 'debian:13' }),
      }),
    );
    const snapshot = await desired.scan();
    expect(snapshot.workspaces.get('alice')).toMatchObject({
      creation: { image: 'debian:12' },
      problem: { message: expect.stringMatching(/is also defined at/) },
    });
    expect(snapshot.workspaces.get('bob')).toMatchObject({ creation: { image: 'debian:13' }, problem: null });
    expect(snapshot.removed.size).toBe(0);
  });
});
