import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Commit, GitFailure } from '../../../../controller/model/git.js';
import { interpret } from '../../../../controller/source/check/interpret.js';
import { loadSchemas } from '../../../../controller/source/check/schema.js';
import { judged, readingOf, unsigned, type InForce } from '../../../../controller/source/git/reading.js';
import { problemOf } from '../../../../controller/source/parse/problem.js';
import type { SpecFile } from '../../../../controller/source/parse/spec-file.js';
import { cache, workspace } from '../fixture.js';

const ID = 'git:team';
const schemas = loadSchemas();
const commit = (digit: string): Commit => ({ revision: digit.repeat(40), author: 'ann', subject: '', committedAt: 0 });
const specOf = (file: string, content: object | string): Promise<SpecFile> =>
  interpret(
    schemas,
    Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)),
    { source: ID, file },
    async () => undefined,
  );
const INVALID: GitFailure = { reason: 'CommitInvalid', message: 'commit 2 is not applied', problems: [] };

let alice: SpecFile;
let broken: SpecFile;
beforeAll(async () => {
  alice = await specOf('alice.json', workspace('alice'));
  broken = await specOf('alice.json', workspace('alice', { image: 7 }));
});

/** Commit 1 in force with these files, and commit 2 refused with those. */
const inForce = (applied: readonly SpecFile[] | null, refused: readonly SpecFile[] | null = null): InForce => ({
  applied: applied === null ? null : { commit: commit('1'), files: applied, at: 0 },
  refused: refused === null ? null : { commit: commit('2'), files: refused, failure: INVALID },
});
const read = (state: InForce, failure: GitFailure | null = null, isUnanswered = false) =>
  readingOf(ID, state, { failure, isUnanswered });
const claims = (state: InForce) =>
  read(state).files.flatMap(({ refusals }) => refusals.map(({ name, problem }) => `${name}: ${problem.message}`));

describe('what a scan takes from a git source', () => {
  it('is the commit in force', () => {
    const { files, isWhole, isRead, revision, problems } = read(inForce([alice]));
    expect(files).toEqual([{ ...alice, isSettling: false, staleBecause: null }]);
    expect([isWhole, isRead, revision, problems]).toEqual([true, true, '1'.repeat(40), []]);
  });

  it.each<{ what: string; state: InForce; isUnanswered: boolean; isWhole: boolean; isRead: boolean }>([
    { what: 'nothing was ever applied', state: inForce(null), isUnanswered: false, isWhole: false, isRead: false },
    { what: 'the server was not asked yet', state: inForce([]), isUnanswered: true, isWhole: false, isRead: true },
    { what: 'the server was asked', state: inForce([]), isUnanswered: false, isWhole: true, isRead: true },
  ])('is whole when $what: $isWhole', ({ state, isUnanswered, isWhole, isRead }) => {
    expect(read(state, null, isUnanswered)).toMatchObject({ isWhole, isRead });
  });

  it('tells a failure once: its problems where it has some, else its message', () => {
    const problem = problemOf(ID, 'alice.json', 'it is wrong');
    expect(read(inForce([]), INVALID).problems.map(({ message }) => message)).toEqual([INVALID.message]);
    expect(read(inForce([]), { ...INVALID, problems: [problem] }).problems).toEqual([problem]);
  });
});

describe('a commit that is refused', () => {
  it('leaves the specs in force, and tells their workspaces what is wrong with the new ones', () => {
    const { files } = read(inForce([alice], [broken]));
    expect(files).toHaveLength(1);
    expect(files[0]?.definitions).toBe(alice.definitions);
    expect(files[0]?.staleBecause).toEqual(broken.refusals[0]?.problem);
  });

  it('claims the names that it adds, which wait for a good one', async () => {
    const bob = await specOf('bob.json', workspace('bob'));
    expect(claims(inForce([alice], [alice, bob]))).toEqual(['bob: waits: commit 2 is not applied']);
    expect(claims(inForce(null, [bob]))).toEqual(['bob: waits: commit 2 is not applied']);
  });

  it('claims nothing for a file that moved what is in force', async () => {
    const moved = await specOf('moved.json', workspace('alice'));
    expect(claims(inForce([alice], [moved]))).toEqual([]);
  });

  it('claims a broken object that nothing in force defines, and none that something does', async () => {
    const bob = await specOf('bob.json', workspace('bob', { image: 7 }));
    expect(claims(inForce([alice], [broken, bob]))).toEqual([expect.stringMatching(/^bob: /)]);
  });

  it('claims a cache beside the workspace of its name', async () => {
    const team = await specOf('team.json', cache('alice', { sandbox: 7 }));
    expect(claims(inForce([alice], [team]))).toEqual([expect.stringMatching(/^alice: /)]);
  });

  it.each([
    { what: 'new', file: 'new.json', hides: true },
    { what: 'known', file: 'alice.json', hides: false },
  ])('hides names in a $what file with an object without one: $hides', async ({ file, hides }) => {
    const items = [{ ...workspace('x'), metadata: {} }, workspace('bob', { image: 7 })];
    const list = await specOf(file, { apiVersion: 'kalpana.dev/v1', kind: 'List', items });
    expect(list.hidesNames).toBe(true);
    const { files } = read(inForce([alice], [list]));
    expect(files.map(({ hidesNames }) => hidesNames)).toEqual([false, hides]);
  });
});

describe('the newest commit', () => {
  it.each<{ state: InForce; digit: string | null }>([
    { state: inForce(null), digit: null },
    { state: inForce([]), digit: '1' },
    { state: inForce([], []), digit: '2' },
    { state: inForce(null, []), digit: '2' },
  ])('that was judged is $digit', ({ state, digit }) => {
    expect(judged(state)?.revision[0] ?? null).toBe(digit);
  });

  it('is judged again when it was refused for its signature, and not otherwise', () => {
    const state = inForce([], []);
    const forSignature: InForce = {
      ...state,
      refused: state.refused && { ...state.refused, failure: { ...INVALID, reason: 'SignatureInvalid' } },
    };
    expect([unsigned(forSignature)?.revision[0], unsigned(state), unsigned(inForce([]))]).toEqual(['2', null, null]);
  });
});
