import { describe, expect, it } from '@jest/globals';
import type { DesiredCache, DesiredSnapshot } from '../../../controller/model/desired.js';
import { warmUse } from '../../../controller/nix/packages/accounts.js';
import { updateCaches } from '../../../controller/nix/update-caches.js';
import { environmentOf, keyOf } from './packages/fake-keeper.js';
import { sampleCache, workspaceOf, type CacheFacts } from './sample-cache.js';
import { sampleRegistry, snapshotOf, type Surroundings } from './sample-registry.js';
import { cache, keeper } from './samples.js';

const ALICE = workspaceOf('alice', ['hello']);
const BOB = workspaceOf('bob', ['jq']);
const OTHER: DesiredCache = { ...cache(), name: 'other' };
const BROKEN: DesiredCache = {
  ...cache(),
  problem: {
    location: { source: 's', file: 'cache.json', line: 1, column: 1 },
    workspace: null,
    message: 'no such key',
  },
};

/** The cache `team` as it is before specs are taken over: with its defaults, and used by nobody. */
function open(facts: CacheFacts = {}, given: Surroundings = {}) {
  const one = sampleCache(facts);
  const { registry, events } = sampleRegistry(given);
  registry.caches.set('team', one.context);
  return {
    registry,
    asked: one.asked,
    update: (snapshot: DesiredSnapshot) => updateCaches(registry, snapshot),
    told: () => one.events.map(({ type }) => type),
    events,
  };
}

describe('specs that are taken over', () => {
  it.each<{
    what: string;
    before?: DesiredCache | null;
    snapshot: DesiredSnapshot;
    changed: readonly string[];
    told: readonly string[];
  }>([
    { what: 'the same again', snapshot: snapshotOf([cache()]), changed: [], told: [] },
    {
      what: 'another configuration',
      snapshot: snapshotOf([cache({ sandbox: true })]),
      changed: ['team'],
      told: ['reported'],
    },
    { what: 'a spec that broke', snapshot: snapshotOf([BROKEN]), changed: [], told: ['reported'] },
    { what: 'another user', snapshot: snapshotOf([cache()], [ALICE]), changed: [], told: ['reported'] },
    { what: 'no spec any more', snapshot: snapshotOf([]), changed: ['team'], told: [] },
    { what: 'a spec again', before: null, snapshot: snapshotOf([cache()]), changed: ['team'], told: ['reported'] },
  ])('$what: to be looked at are $changed, and $told', ({ before = cache(), snapshot, changed, told }) => {
    const one = open({ desired: before });
    expect(one.update(snapshot)).toEqual(changed);
    expect(one.told()).toEqual(told);
    expect(one.registry.snapshot).toBe(snapshot);
  });

  it('make a cache that is new, which is reported at once', () => {
    const { registry, update, events } = open();
    expect(update(snapshotOf([cache(), OTHER]))).toEqual(['other']);
    expect([...registry.caches.keys()]).toEqual(['team', 'other']);
    expect(events.map(({ type }) => type)).toEqual(['reported']);
  });

  it('also know the cache of a keeper that an earlier controller left', () => {
    const left = keeper(cache(), { name: 'kalpana-nix-keeper-left' });
    const { registry, update } = open({}, { containers: [left] });
    expect(update(snapshotOf([cache()]))).toEqual([]);
    expect([...registry.caches.keys()]).toEqual(['team', 'left']);
  });

  it('give each cache the workspaces that name it', () => {
    const { registry, update } = open();
    const carol = workspaceOf('carol', []);
    update(snapshotOf([cache(), OTHER], [BOB, ALICE, { ...carol, creation: { ...carol.creation, cache: 'other' } }]));
    const users = [...registry.caches].map(([name, { specs }]) => [name, specs.workspaces()]);
    expect(users).toEqual([
      ['team', ['alice', 'bob']],
      ['other', ['carol']],
    ]);
  });

  it('tell the collector who was there and who is, but not once the cache is to go', () => {
    const { update, asked } = open({ workspaces: ['alice', 'zoe'] });
    update(snapshotOf([cache()], [ALICE, BOB]));
    expect(asked.splice(0)).toEqual(['names alice,bob, before alice,zoe']);
    update(snapshotOf([]));
    expect(asked).toEqual(['forget failures']);
  });

  it('make what failed worth another try when the configuration is another', () => {
    const { update, asked } = open();
    update(snapshotOf([cache({ substituters: [] })]));
    expect(asked).toContain('forget failures');
  });
});

describe('what was remembered', () => {
  it('of a workspace goes with its spec', () => {
    const { registry, update } = open();
    const use = warmUse(environmentOf(keyOf('hello')), 1);
    for (const name of ['alice', 'bob']) registry.shared.uses.noteLinked(name, use);
    update(snapshotOf([cache()], [BOB]));
    expect(['alice', 'bob'].map((name) => registry.shared.uses.last(name))).toEqual([null, use]);
  });

  it('of packages goes when neither a spec nor the profile of a wanted workspace holds them', () => {
    const [wanted, held, before] = [keyOf('hello'), keyOf('old'), keyOf('older')];
    const { registry, update } = open({ profiles: { alice: held, zoe: before } });
    const lists = { [wanted]: ['hello'], [held]: ['old'], [before]: ['older'] };
    for (const [key, packages] of Object.entries(lists)) registry.packageLists.note(key, packages);
    update(snapshotOf([cache()], [ALICE]));
    expect([wanted, held, before].map((key) => registry.packageLists.of(key))).toEqual([['hello'], ['old'], null]);
  });
});
