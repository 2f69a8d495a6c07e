import { describe, expect, it } from '@jest/globals';
import type { CacheOutcome } from '../../../controller/model/cache-status.js';
import type { DesiredSnapshot } from '../../../controller/model/desired.js';
import type { ObservedContainer } from '../../../controller/model/engine-objects.js';
import { CONTAINER_TYPE, LABEL } from '../../../controller/model/names.js';
import type { Failure } from '../../../controller/model/reasons.js';
import { lookAtCache } from '../../../controller/nix/look-at-cache.js';
import { PREWARM } from '../../../controller/nix/packages/environments.js';
import { SETTLED, sampleCache, workspaceOf, type CacheFacts } from './sample-cache.js';
import { sampleRegistry, snapshotOf, type Surroundings } from './sample-registry.js';
import { cache, keeper, user } from './samples.js';

const DESIRED = cache({ prewarm: ['hello'] });
const PREWARMED = `request ${PREWARM} /nixpkgs hello`;
const NOT_READY: Failure = { reason: 'KeeperNotReady', message: 'it ended with code 1' };
const MIGRATING: Failure = { reason: 'CacheMigrating', message: 'an older store is in the volume' };

function open(facts: CacheFacts, snapshot: DesiredSnapshot | null = snapshotOf([DESIRED]), given: Surroundings = {}) {
  const one = sampleCache(facts);
  const { registry, events } = sampleRegistry(given);
  registry.snapshot = snapshot;
  registry.caches.set('team', one.context);
  return {
    registry,
    asked: one.asked,
    look: () => lookAtCache(registry, 'team', {}),
    /** What everybody else was told. */
    told: () => one.events.map(({ type }) => type),
    removals: () => events.flatMap((event) => (event.type === 'reported' ? [event.report.verdict.kind] : [event.type])),
  };
}

/** The look at the keeper ends like this. */
const ending = (outcome: Partial<CacheOutcome>) => () => ({ ...SETTLED, ...outcome });

describe('a look at a cache', () => {
  it.each<{ what: string; facts: CacheFacts; asked: readonly string[] }>([
    {
      what: 'that is as it should be goes on with what belongs to it',
      facts: { desired: DESIRED, imagesInUse: ['abc'] },
      asked: [PREWARMED, 'sweep', 'consider', 'consider a verification', 'release all but abc'],
    },
    {
      what: 'that has a step ahead of it does that alone',
      facts: { desired: DESIRED, look: ending({ operations: 1, recheckMs: 0 }) },
      asked: [],
    },
    {
      what: 'that fails releases no image',
      facts: { look: ending({ failure: NOT_READY }) },
      asked: ['sweep', 'consider', 'consider a verification'],
    },
  ])('$what', async ({ facts, asked }) => {
    const one = open(facts);
    await one.look();
    expect(one.asked).toEqual(asked);
  });

  it('releases no image before all specs are known: one of them may be about to use it', async () => {
    for (const snapshot of [null, snapshotOf([DESIRED], [], { complete: false })]) {
      const { look, asked } = open({ releaseAgainMs: 20_000 }, snapshot);
      expect((await look()).recheckMs).toBeNull();
      expect(asked).toEqual(['sweep', 'consider', 'consider a verification']);
    }
  });

  it.each<{ what: string; keeperMs: number | null; releaseMs: number | null; ms: number | null }>([
    { what: 'when the keeper is due', keeperMs: 500, releaseMs: 20_000, ms: 500 },
    { what: 'when an image may be released', keeperMs: null, releaseMs: 20_000, ms: 20_000 },
    { what: 'at the next trigger', keeperMs: null, releaseMs: null, ms: null },
  ])('is repeated $what', async ({ keeperMs, releaseMs, ms }) => {
    const { look } = open({ releaseAgainMs: releaseMs, look: ending({ recheckMs: keeperMs }) });
    expect((await look()).recheckMs).toBe(ms);
  });

  it('removes the probes that an earlier controller left, and no others', async () => {
    const removed: string[] = [];
    const probe = (instance: string): ObservedContainer =>
      user(`kalpana-nix-probe-${instance}-0123`, '/nix', {
        labels: { [LABEL.type]: CONTAINER_TYPE.probe, [LABEL.cacheOwner]: instance },
      });
    const { look } = open({}, snapshotOf([DESIRED]), {
      containers: [probe('default'), probe('other'), user('workspace-alice')],
      docker: { removeContainer: async (id) => void removed.push(id) },
    });
    await look();
    expect(removed).toEqual(['id-kalpana-nix-probe-default-0123']);
  });
});

describe('the workspaces of a cache', () => {
  const OLD_STORE = user('web', '/old');
  const OWN_STORE = user('workspace-alice', '/old');

  it.each<{ what: string; before: CacheFacts; after: CacheFacts; isTold: boolean }>([
    { what: 'that fails now', before: {}, after: { keeperFailure: NOT_READY }, isTold: true },
    {
      what: 'that does not fail any more',
      before: { keeperFailure: NOT_READY },
      after: { keeperFailure: null },
      isTold: true,
    },
    {
      what: 'that fails in other words',
      before: { keeperFailure: NOT_READY },
      after: { keeperFailure: { ...NOT_READY, message: 'it ended with code 2' } },
      isTold: false,
    },
    {
      what: 'whose store is not held by others any more',
      before: { keeperFailure: MIGRATING, users: [OLD_STORE] },
      after: { users: [OWN_STORE] },
      isTold: true,
    },
    { what: 'in which nothing changed', before: {}, after: {}, isTold: false },
  ])('$what are looked at for it: $isTold', async ({ before, after, isTold }) => {
    const facts: CacheFacts = { ...before, workspaces: ['alice'] };
    facts.look = () => {
      Object.assign(facts, after);
      return SETTLED;
    };
    const { look, told } = open(facts);
    await look();
    expect(told()).toEqual(isTold ? ['reported', 'changed'] : ['reported']);
  });
});

describe('a cache', () => {
  const GONE: CacheFacts = { desired: null };
  const NOTHING = snapshotOf([]);

  it('that nothing names any more is forgotten, and reported as removed', async () => {
    const { look, registry, removals } = open(GONE, NOTHING);
    await look();
    expect([[...registry.caches.keys()], removals()]).toEqual([[], ['removed']]);
  });

  it.each<{ what: string; facts?: CacheFacts; snapshot?: DesiredSnapshot | null; given?: Surroundings }>([
    { what: 'before the specs were read', snapshot: null },
    { what: 'while a spec names it', snapshot: snapshotOf([DESIRED]) },
    { what: 'while a workspace names it', snapshot: snapshotOf([], [workspaceOf('alice', [])]) },
    { what: 'while its keeper is listed', given: { containers: [keeper(cache())] } },
    { what: 'while its keeper is being removed', facts: { ...GONE, look: ending({ operations: 1 }) } },
  ])('is not forgotten $what', async ({ facts = GONE, snapshot = NOTHING, given = {} }) => {
    const { look, registry, removals } = open(facts, snapshot, given);
    await look();
    expect([[...registry.caches.keys()], removals()]).toEqual([['team'], []]);
  });
});
