import { describe, expect, it } from '@jest/globals';
import type { CacheObservation } from '../../../controller/plan/types.js';
import { observeCache } from '../../../controller/nix/observe.js';
import { keyOf } from './packages/fake-keeper.js';
import { sampleCache, workspaceOf, type CacheFacts } from './sample-cache.js';
import { cache, user } from './samples.js';

const HELLO = keyOf('hello');
const OLD = keyOf('old');
const ALICE = workspaceOf('alice', ['hello']);
const UNAVAILABLE = { reason: 'KeeperNotReady', message: 'the keeper is not ready' } as const;
const FAILURE = { reason: 'PackageNotFound', message: 'no such package' } as const;
const MIGRATING = { reason: 'CacheMigrating', message: 'an older store is in the volume' } as const;
const LISTS = { of: (key: string) => (key === OLD ? ['old'] : null) };

/** A cache that is up, in which nothing has been asked for. */
const QUIET: CacheObservation = {
  cache: 'team',
  image: 'unknown',
  imageId: null,
  mustStop: false,
  migration: 'none',
  unavailable: null,
  profile: 'none',
  profilePackages: null,
  isRealised: false,
  progress: null,
  failure: null,
  retryMs: null,
  importFailure: null,
};

describe('what the planner sees of a cache', () => {
  it.each<{ what: string; facts: CacheFacts; seen: Partial<CacheObservation> }>([
    { what: 'that is quiet', facts: {}, seen: {} },
    {
      what: 'without a spec',
      facts: { desired: null, unavailable: UNAVAILABLE, known: [HELLO], progress: 'evaluating' },
      seen: { unavailable: { reason: 'CacheMissing', message: 'there is no cache team' }, profile: 'unknown' },
    },
    { what: 'whose keeper is not ready', facts: { unavailable: UNAVAILABLE }, seen: { unavailable: UNAVAILABLE } },
    {
      what: 'that is being emptied',
      facts: { isClearing: true, unavailable: UNAVAILABLE },
      seen: {
        mustStop: true,
        unavailable: { reason: 'CacheClearing', message: 'the cache team is being emptied' },
      },
    },
    { what: 'whose keeper has told nothing yet', facts: { hasInventory: false }, seen: { profile: 'unknown' } },
    {
      what: 'that holds the packages, not linked',
      facts: { known: [HELLO] },
      seen: { isRealised: true },
    },
    {
      what: 'whose profile is in place',
      facts: { known: [HELLO], profiles: { alice: HELLO }, toldPackages: ['hello'] },
      seen: { isRealised: true, profile: 'ready', profilePackages: ['hello'] },
    },
    {
      what: 'whose profile holds what the spec asked for before, seen by this controller',
      facts: { profiles: { alice: OLD }, toldPackages: ['told', 'otherwise'] },
      seen: { profile: 'old', profilePackages: ['old'] },
    },
    {
      what: 'whose profile holds what the store alone tells of',
      facts: { profiles: { alice: keyOf('older') }, toldPackages: ['older'] },
      seen: { profile: 'old', profilePackages: ['older'] },
    },
    {
      what: 'whose profile holds what nobody tells of',
      facts: { profiles: { alice: keyOf('older') } },
      seen: { profile: 'old', profilePackages: null },
    },
    { what: 'in which something is under way', facts: { progress: 'evaluating' }, seen: { progress: 'evaluating' } },
    {
      what: 'in which it failed, for good',
      facts: { failed: { failure: FAILURE, retryMs: null } },
      seen: { failure: FAILURE, retryMs: null },
    },
    {
      what: 'in which it failed, for some time',
      facts: { failed: { failure: FAILURE, retryMs: 500 } },
      seen: { failure: FAILURE, retryMs: 500 },
    },
    {
      what: 'in which it failed, and is due again',
      facts: { failed: { failure: FAILURE, retryMs: 0 } },
      seen: { failure: null, retryMs: 0 },
    },
    {
      what: 'that migrates: only its own workspaces are on the bare store',
      facts: { keeperFailure: MIGRATING, workspaces: ['alice'], users: [user('workspace-alice', '/nix/store')] },
      seen: { migration: 'due' },
    },
    {
      what: 'that migrates: somebody else is on the bare store',
      facts: { keeperFailure: MIGRATING, workspaces: ['alice'], users: [user('web', '/nix/store')] },
      seen: { migration: 'held' },
    },
    {
      what: 'that is foreseen: as if its keeper were up',
      facts: { isForesight: true, hasInventory: false, unavailable: UNAVAILABLE },
      seen: {},
    },
  ])('$what', ({ facts, seen }) => {
    expect(observeCache(sampleCache(facts).context, ALICE, [], LISTS)).toEqual({ ...QUIET, ...seen });
  });

  it.each<{ what: string; facts: CacheFacts; imageIds: string[]; image: CacheObservation['image']; imageId: string }>([
    { what: 'nobody has looked at', facts: {}, imageIds: ['sha256:a'], image: 'unknown', imageId: 'sha256:a' },
    {
      what: 'brings no store',
      facts: { images: { 'sha256:a': false } },
      imageIds: ['sha256:a'],
      image: 'plain',
      imageId: 'sha256:a',
    },
    {
      what: 'brings a store that is not trusted',
      facts: { images: { 'sha256:a': true } },
      imageIds: ['sha256:a'],
      image: 'refused',
      imageId: 'sha256:a',
    },
    {
      what: 'brings a store that is trusted',
      facts: { images: { 'sha256:a': true }, desired: cache({ trustedImages: ['debian:12'] }) },
      imageIds: ['sha256:a'],
      image: 'own',
      imageId: 'sha256:a',
    },
    {
      what: 'brings a store that was imported',
      facts: { images: { 'sha256:a': true }, imported: ['sha256:a'] },
      imageIds: ['sha256:a'],
      image: 'imported',
      imageId: 'sha256:a',
    },
    {
      what: 'is the second, and stands in the way',
      facts: { images: { 'sha256:a': false, 'sha256:b': true } },
      imageIds: ['sha256:a', 'sha256:b'],
      image: 'refused',
      imageId: 'sha256:b',
    },
    {
      what: 'is the first of two that do not',
      facts: { images: { 'sha256:a': true, 'sha256:b': false }, imported: ['sha256:a'] },
      imageIds: ['sha256:a', 'sha256:b'],
      image: 'imported',
      imageId: 'sha256:a',
    },
  ])('an image that $what is $image', ({ facts, imageIds, image, imageId }) => {
    expect(observeCache(sampleCache(facts).context, ALICE, imageIds, LISTS)).toEqual({ ...QUIET, image, imageId });
  });

  it('an import that failed is told with its image', () => {
    const { context } = sampleCache({ images: { 'sha256:a': true }, importFailure: FAILURE });
    expect(observeCache(context, ALICE, ['sha256:a'], LISTS).importFailure).toEqual(FAILURE);
    expect(observeCache(context, ALICE, [], LISTS).importFailure).toBeNull();
  });
});
