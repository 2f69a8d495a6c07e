import { describe, expect, it } from '@jest/globals';
import type { CacheEvent } from '../../../controller/model/cache-event.js';
import { noteCacheEvent } from '../../../controller/nix/note-cache-event.js';
import { environmentRequest } from '../../../controller/nix/packages/environment-key.js';
import { PREWARM } from '../../../controller/nix/packages/environments.js';
import { warmUse } from '../../../controller/nix/packages/accounts.js';
import { prewarm } from '../../../controller/nix/prewarm.js';
import { environmentOf } from './packages/fake-keeper.js';
import { sampleCache, type CacheFacts } from './sample-cache.js';
import { cache } from './samples.js';

const WARM = environmentRequest('/nixpkgs', ['hello'], { ranked: true }).key;
const desired = cache({ prewarm: ['hello'] });
const failed = (retryMs: number | null) => ({
  failure: { reason: 'PackageFetchFailed', message: 'no server' } as const,
  retryMs,
});

describe('prewarming', () => {
  it.each<{ what: string; facts: CacheFacts; isAsked: boolean }>([
    { what: 'what the spec names', facts: { desired }, isAsked: true },
    { what: 'nothing', facts: { desired: cache() }, isAsked: false },
    { what: 'without a spec', facts: { desired: null }, isAsked: false },
    { what: 'without a keeper', facts: { desired, isUp: false }, isAsked: false },
    { what: 'while a workspace waits', facts: { desired, isBusy: true }, isAsked: false },
    { what: 'what is there', facts: { desired, profiles: { [PREWARM]: WARM } }, isAsked: false },
    { what: 'instead of something else', facts: { desired, profiles: { [PREWARM]: 'other' } }, isAsked: true },
    { what: 'what failed, and is due', facts: { desired, failed: failed(0) }, isAsked: true },
    { what: 'what failed, and is not due', facts: { desired, failed: failed(500) }, isAsked: false },
    { what: 'what failed for good', facts: { desired, failed: failed(null) }, isAsked: false },
  ])('$what: $isAsked', ({ facts, isAsked }) => {
    const { context, asked } = sampleCache(facts);
    prewarm(context);
    expect(asked).toEqual(isAsked ? [`request ${PREWARM} /nixpkgs hello`] : []);
  });

  it('is tried again when a failure is due', () => {
    const facts: CacheFacts = { desired, failed: failed(500) };
    const { context, asked, clock } = sampleCache(facts);
    prewarm(context);
    facts.failed = failed(0);
    clock.advance(500);
    expect(asked).toEqual([]);
    clock.advance(1);
    expect(asked).toHaveLength(1);
  });
});

describe('an event of the environments', () => {
  const use = warmUse(environmentOf(WARM), 1);
  const realised = { type: 'realised', cache: 'team', workspaces: [], packages: [], use, seconds: 1 } as const;
  const linked = { type: 'linked', cache: 'team', use } as const;

  it.each<{ event: CacheEvent; asked: string[]; told: string[] }>([
    { event: { ...realised, failure: null }, asked: ['measure'], told: ['realised', 'reported'] },
    { event: { ...realised, failure: failed(0).failure }, asked: [], told: ['realised', 'reported'] },
    { event: { ...linked, workspace: 'alice' }, asked: ['add', 'uses alice'], told: ['linked', 'reported'] },
    { event: { ...linked, workspace: PREWARM }, asked: ['add'], told: ['reported'] },
    {
      event: { type: 'realising', cache: 'team', workspaces: ['alice'], words: 'evaluating' },
      asked: [],
      told: ['realising', 'reported'],
    },
    { event: { type: 'changed', cache: 'team', workspaces: ['alice'] }, asked: [], told: ['changed'] },
  ])('$event.type $event.workspace $event.failure.reason means $asked, and tells $told', ({ event, asked, told }) => {
    const one = sampleCache({});
    noteCacheEvent(one.context, event);
    expect([one.asked, one.events.map(({ type }) => type)]).toEqual([asked, told]);
  });
});
