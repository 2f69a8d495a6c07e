import { describe, expect, it } from '@jest/globals';
import { chooseRef, namesOf, RefError } from '../../../controller/source/git/remote-ref.js';

describe('the reference of a source', () => {
  it.each<[string | null, string[]]>([
    [null, ['HEAD']],
    ['HEAD', ['HEAD']],
    ['main', ['refs/heads/main', 'refs/tags/main']],
    ['refs/pull/7/head', ['refs/pull/7/head']],
  ])('%s may be any of %j', (ref, names) => {
    expect(namesOf(ref)).toEqual(names);
  });

  const branch = { name: 'refs/heads/v1', hash: 'a'.repeat(40) };
  const tag = { name: 'refs/tags/v1', hash: 'b'.repeat(40) };

  it('is the one that the server has', () => {
    expect(chooseRef('v1', [tag])).toBe(tag);
  });

  it.each<[string, string | null, (typeof branch)[], string]>([
    ['an empty repository', null, [], 'the repository is empty: push a commit'],
    ['a missing name', 'v1', [], 'the repository has no branch and no tag v1: push it, or change --git-ref'],
    ['two of one name', 'v1', [branch, tag], 'v1 is a branch and a tag: write refs/heads/v1 or refs/tags/v1'],
  ])('is a fault for %s', (_, ref, found, message) => {
    expect(() => chooseRef(ref, found)).toThrow(new RefError(message));
  });
});
