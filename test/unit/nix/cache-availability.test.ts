import { describe, expect, it } from '@jest/globals';
import { isBusy, migrationOf, whyUnavailable } from '../../../controller/nix/cache-availability.js';
import { sampleCache, type CacheFacts } from './sample-cache.js';
import { user } from './samples.js';

const NOT_READY = { reason: 'KeeperNotReady', message: 'the keeper is not ready' } as const;
const MIGRATING = { reason: 'CacheMigrating', message: 'an older store is in the volume' } as const;

describe('a cache cannot be used', () => {
  it.each<{ what: string; facts: CacheFacts; reason: string | undefined }>([
    { what: 'for no reason when all is well', facts: {}, reason: undefined },
    { what: 'while its keeper cannot be asked', facts: { unavailable: NOT_READY }, reason: 'KeeperNotReady' },
    { what: 'while it is being emptied', facts: { isClearing: true }, reason: 'CacheClearing' },
    {
      what: 'while it is being emptied, which says more than that its keeper is away',
      facts: { isClearing: true, unavailable: NOT_READY },
      reason: 'CacheClearing',
    },
  ])('$what', ({ facts, reason }) => {
    expect(whyUnavailable(sampleCache(facts).context)?.reason).toBe(reason);
  });
});

describe('the store of the replaced system', () => {
  const OWN = user('workspace-alice', '/old-store');
  const FOREIGN = user('web', '/old-store');

  it.each<{ what: string; users: CacheFacts['users']; migration: string }>([
    { what: 'is due to go when nobody uses it', users: [], migration: 'due' },
    { what: 'is due to go when only our workspaces use it, which can be made anew', users: [OWN], migration: 'due' },
    { what: 'is held by others', users: [OWN, FOREIGN], migration: 'held' },
    { what: 'is not held by others that use the new one', users: [user('web')], migration: 'due' },
    {
      what: 'is held by a workspace of another cache',
      users: [user('workspace-zoe', '/old-store')],
      migration: 'held',
    },
  ])('$what', ({ users, migration }) => {
    const facts: CacheFacts = { keeperFailure: MIGRATING, users, workspaces: ['alice'] };
    expect(migrationOf(sampleCache(facts).context)).toBe(migration);
  });

  it('is of no concern when the keeper does not wait for it', () => {
    expect(migrationOf(sampleCache({ keeperFailure: NOT_READY, users: [FOREIGN] }).context)).toBe('none');
  });
});

describe('something is under way in a cache', () => {
  it.each<{ what: string; facts: CacheFacts; expected: boolean }>([
    { what: 'when nothing is', facts: {}, expected: false },
    { what: 'while packages are realised', facts: { isBusy: true }, expected: true },
    { what: 'while an image is imported', facts: { isImporting: true }, expected: true },
    { what: 'while it is emptied', facts: { isClearing: true }, expected: true },
    { what: 'while its garbage is collected', facts: { isCollecting: true }, expected: true },
    { what: 'while its store is verified', facts: { isVerifying: true }, expected: true },
  ])('$what: $expected', ({ facts, expected }) => {
    expect(isBusy(sampleCache(facts).context)).toBe(expected);
  });
});
