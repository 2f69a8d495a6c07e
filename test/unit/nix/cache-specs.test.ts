import { describe, expect, it } from '@jest/globals';
import type { DesiredSnapshot } from '../../../controller/model/desired.js';
import { createCacheSpecs } from '../../../controller/nix/cache-specs.js';
import { createPackageLists } from '../../../controller/nix/package-lists.js';
import { PREWARM } from '../../../controller/nix/packages/environments.js';
import { usersByCache } from '../../../controller/nix/users-by-cache.js';
import { environmentRequest } from '../../../controller/nix/packages/environment-key.js';
import { cache } from './samples.js';

const PROBLEM = { message: 'no such field' } as NonNullable<ReturnType<typeof cache>['problem']>;

describe('what the specs want of a cache', () => {
  it.each([
    { what: 'the same', next: cache(), users: ['alice'], isOther: false, isNews: false },
    { what: 'another keeper', next: cache({ image: 'keeper:2' }), users: ['alice'], isOther: true, isNews: true },
    { what: 'another user', next: cache(), users: ['alice', 'bob'], isOther: false, isNews: true },
    { what: 'a broken file', next: { ...cache(), problem: PROBLEM }, users: ['alice'], isOther: false, isNews: true },
    { what: 'no cache', next: null, users: ['alice'], isOther: true, isNews: true },
  ])('$what: another one: $isOther, news: $isNews', ({ next, users, isOther, isNews }) => {
    const specs = createCacheSpecs();
    specs.take(cache(), ['alice']);
    expect(specs.take(next, users)).toEqual({ isOther, isNews, profilesBefore: ['alice'] });
    expect([specs.desired(), specs.workspaces()]).toEqual([next, users]);
  });

  it('includes the prewarmed profile while something is to be prewarmed', () => {
    const specs = createCacheSpecs();
    specs.take(cache({ prewarm: ['hello'] }), ['alice']);
    expect(specs.profiles()).toEqual(['alice', PREWARM]);
    expect(specs.take(cache(), ['alice']).profilesBefore).toEqual(['alice', PREWARM]);
    expect(specs.profiles()).toEqual(['alice']);
  });

  it('gives an environment its key by the nixpkgs of the cache', () => {
    const specs = createCacheSpecs();
    expect(specs.environmentKey(['hello'])).toBeNull();
    specs.take(cache({ nixpkgs: '/other' }), []);
    expect(specs.environmentKey(['hello'])).toBe(environmentRequest('/other', ['hello']).key);
  });
});

describe('the users of each cache', () => {
  it('are named in order, and only where a spec names a cache', () => {
    const specs = { zoe: 'team', bob: 'other', alice: 'team', carol: null };
    const workspaces = new Map(Object.entries(specs).map(([name, of]) => [name, { name, creation: { cache: of } }]));
    const users = usersByCache({ workspaces } as unknown as DesiredSnapshot);
    expect([...users].sort()).toEqual([
      ['other', ['bob']],
      ['team', ['alice', 'zoe']],
    ]);
  });
});

describe('the packages of environments', () => {
  it('are known by key for as long as somebody names it', () => {
    const lists = createPackageLists();
    lists.note('a', ['hello']);
    lists.note('b', ['tool']);
    lists.keepOnly(new Set(['b', 'c', null]));
    expect([lists.of('a'), lists.of('b'), lists.of('c')]).toEqual([null, ['tool'], null]);
  });
});
