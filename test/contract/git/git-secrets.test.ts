import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DesiredSnapshot } from '../../../controller/model/desired.js';
import { createAgeKey, sealText, type AgeKey } from '../../support/git/age-keys.js';
import { workspaceText } from '../../support/git/repository.js';
import { createGitTestSite, type SiteSource } from '../../support/git/site.js';

let site: ReturnType<typeof createGitTestSite>;
let key: AgeKey;
let identity = '';
beforeAll(async () => {
  key = await createAgeKey();
});
beforeEach(() => {
  site = createGitTestSite();
  identity = identityIn(site.root);
});
afterEach(() => site.close());

function identityIn(directory: string): string {
  const file = join(directory, 'identity');
  writeFileSync(file, key.file);
  return file;
}

const withToken = (name: string, ageFile = 'token.age') =>
  workspaceText(name, { env: [{ name: 'TOKEN', valueFrom: { ageFile } }] });
const sealed = (value: string) => sealText(value, key.recipient);
const valueOf = (snapshot: DesiredSnapshot, name = 'alice') =>
  snapshot.workspaces.get(name)?.secrets.get('TOKEN')?.reveal();

/** The rows are pushes into one repository. */
describe('files with a secret', () => {
  let history: ReturnType<typeof createGitTestSite>;
  let one: SiteSource;
  let desired: ReturnType<typeof history.desired>;
  let [good, revision] = ['', ''];
  beforeAll(async () => {
    history = createGitTestSite();
    good = await sealed('one');
    revision = history.repository.commit({ 'alice.json': withToken('alice'), 'token.age': good });
    one = await history.started({ ageIdentityFile: identityIn(history.root) });
    desired = history.desired([one]);
    await desired.scan();
  });
  afterAll(() => history.close());

  it.each<[string, (good: string) => Record<string, string | null | { link: string }>, RegExp]>([
    [
      'that are not there',
      () => ({ 'token.age': null }),
      /alice\.json:\d+:22: spec\.env: TOKEN: the age file "token\.age" is not in the commit: add it beside the spec/,
    ],
    ['in clear', () => ({ 'token.age': 'hunter2' }), /the age file "token\.age" is not encrypted with age/],
    [
      'too large',
      (good) => ({ 'token.age': good + 'x'.repeat(100_000) }),
      /the age file "token\.age" is larger than 96 KiB/,
    ],
    [
      'behind a link',
      (good) => ({ 'other.age': good, 'token.age': { link: 'other.age' } }),
      /the age file "token\.age" is a link or a submodule/,
    ],
  ])('%s keep it from being applied, and what is in force stays', async (_what, changes, message) => {
    const changed = { ...changes(good), 'bob.json': workspaceText('bob') };
    await one.judged(history.repository.commit(changed, { parent: revision }));
    expect(one.source.git()).toMatchObject({
      applied: { revision },
      failure: { reason: 'CommitInvalid', message: expect.stringMatching(message) },
    });
    expect(one.source.git().failure?.message).not.toContain('hunter2');
    const snapshot = await desired.scan();
    expect([valueOf(snapshot), [...snapshot.workspaces.keys()], snapshot.complete]).toEqual(['one', ['alice'], true]);
  });
});

describe('secrets of a commit', () => {
  it('are those beside its specs, and change with it', async () => {
    site.repository.commit({
      'specs/alice.json': withToken('alice'),
      'specs/token.age': await sealed('one'),
      'specs/deep/bob.json': withToken('bob', 'below/b.age'),
      'specs/deep/below/b.age': await sealed('two'),
      'token.age': await sealed('three'),
    });
    const one = await site.started({ path: 'specs', ageIdentityFile: identity });
    const desired = site.desired([one]);
    const first = await desired.scan();
    expect([valueOf(first), valueOf(first, 'bob')]).toEqual(['one', 'two']);
    await one.judged(site.repository.commit({ 'specs/token.age': await sealed('four') }));
    const second = await desired.scan();
    expect(valueOf(second)).toBe('four');
    expect(second.workspaces.get('bob')).toBe(first.workspaces.get('bob'));
    expect(second.workspaces.get('alice')?.specHash).not.toBe(first.workspaces.get('alice')?.specHash);
  });

  it('change nothing when they are encrypted anew, or another file of the commit changes', async () => {
    site.repository.commit({ 'alice.json': withToken('alice'), 'token.age': await sealed('one') });
    const one = await site.started({ ageIdentityFile: identity });
    const desired = site.desired([one]);
    const first = await desired.scan();
    await one.judged(site.repository.commit({ README: 'words' }));
    expect((await desired.scan()).workspaces.get('alice')).toBe(first.workspaces.get('alice'));
    await one.judged(site.repository.commit({ 'token.age': await sealed('one') }));
    expect((await desired.scan()).workspaces.get('alice')?.specHash).toBe(first.workspaces.get('alice')?.specHash);
  });

  it('may be many and large together', async () => {
    const names = Array.from({ length: 110 }, (_, index) => `w${index}`);
    const large = (index: number) => `${index} `.repeat(6_000);
    const files = await Promise.all(
      names.map(async (name, index) => [
        [`${name}.json`, withToken(name, `${name}.age`)],
        [`${name}.age`, await sealed(large(index))],
      ]),
    );
    const revision = site.repository.commit(Object.fromEntries(files.flat()));
    const one = await site.started({ ageIdentityFile: identity });
    expect(one.source.git()).toMatchObject({ applied: { revision }, failure: null });
    const snapshot = await site.desired([one]).scan();
    expect([snapshot.problems, ...names.filter((name, index) => valueOf(snapshot, name) !== large(index))]).toEqual([
      [],
    ]);
  });

  it('are opened with the key of their own source alone', async () => {
    site.repository.commit({ 'alice.json': withToken('alice'), 'token.age': await sealed('one') });
    // Who may commit to one repository may copy what is encrypted in another.
    site.repository.move('other', site.repository.head()!);
    const another = join(site.root, 'another');
    writeFileSync(another, (await createAgeKey()).file);
    const copied = await site.started({ name: 'other', ref: 'other', ageIdentityFile: another });
    const keyless = await site.started({ name: 'keyless' });
    const messageOf = async (source: typeof copied) =>
      (await site.desired([source]).scan()).problems.map(({ message }) => message);
    expect(await messageOf(copied)).toEqual([expect.stringContaining("is not encrypted for the controller's key")]);
    expect(await messageOf(keyless)).toEqual([
      expect.stringContaining('needs a key: start the controller with --git-age-identity-file'),
    ]);
  });

  it('are there after a restart without the server', async () => {
    site.repository.commit({ 'alice.json': withToken('alice'), 'token.age': await sealed('one') });
    const one = await site.started({ ageIdentityFile: identity });
    const before = await site.desired([one]).scan();
    await one.source.stop();
    const again = site.open({ ageIdentityFile: identity });
    const after = await site.desired([again]).scan();
    expect([valueOf(after), after.workspaces.get('alice')?.specHash]).toEqual([
      'one',
      before.workspaces.get('alice')?.specHash,
    ]);
  });
});
