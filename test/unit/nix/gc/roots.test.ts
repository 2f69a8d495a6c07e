import { describe, expect, it } from '@jest/globals';
import { countRoots, planRoots, type FoundLink, type RootsInput } from '../../../../controller/nix/gc/plan-roots.js';
import type { Generation, KnownLink, Pin, RootInventory } from '../../../../controller/nix/gc/root-inventory.js';

const HOUR = 3_600_000;
const NOW = 1_700_000_000_000;
const path = (name: string) => `/nix/store/${'a'.repeat(32)}-${name}`;

/** `hours`: how long ago, on the keeper's clock. */
const generation = (profile: string, number: number, hours: number): Generation => ({
  profile,
  number,
  path: path(`${profile}-${number}`),
  madeAt: NOW - hours * HOUR,
});
const known = (name: string, hours: number): KnownLink => ({
  name,
  file: `/workspace/${name}`,
  madeAt: String((NOW - hours * HOUR) / 1_000),
});
const pin = (owner: string, name: string, hours: number, target = 'out'): Pin => ({
  owner,
  name,
  path: path(target),
  seenAt: NOW - hours * HOUR,
});
const found = (owner: string, name: string, target = 'out'): FoundLink => ({
  owner,
  name,
  file: `/workspace/${name}`,
  path: path(target),
});

const EMPTY: RootInventory = {
  now: NOW,
  generations: [],
  profiles: new Map(),
  links: [],
  pins: [],
  images: new Map(),
  keeper: [],
  others: [],
  invalid: new Set(),
};

type Given = Partial<Omit<RootsInput, 'inventory'>> & { readonly inventory?: Partial<RootInventory> };

function input({ inventory, ...rest }: Given): RootsInput {
  return {
    retainMs: 10 * HOUR,
    graceMs: 0,
    live: new Set(),
    goneSince: new Map(),
    now: NOW,
    found: [],
    looked: new Set(),
    pressed: new Set(),
    ...rest,
    inventory: { ...EMPTY, ...inventory },
  };
}

/** The plan in words: what is not named stays as it is. */
function textOf(given: Given): string[] {
  const plan = planRoots(input(given));
  return [
    ...plan.pin.map(({ owner, name, path: to }) => `pin ${owner}/${name} -> ${to.slice(44)}`),
    ...plan.unpin.map(({ owner, name }) => `unpin ${owner}/${name}`),
    ...plan.forget.map((name) => `forget ${name}`),
    ...plan.expire.map(({ profile, number }) => `expire ${profile}-${number}`),
    ...plan.dropProfiles.map((profile) => `drop ${profile}`),
    ...plan.candidates.map(({ profile, number }) => `candidate ${profile}-${number}`),
  ];
}

const two = [generation('alice', 1, 50), generation('alice', 2, 20)];
const alice = new Set(['alice']);
const gone = (hours: number) => new Map([['alice', NOW - hours * HOUR]]);

const PROFILES: readonly [string, Given, string[]][] = [
  ['nothing is there', {}, []],
  [
    'the present generation stays however old it is',
    { live: alice, inventory: { generations: [generation('alice', 1, 9_999)], profiles: new Map([['alice', 1]]) } },
    [],
  ],
  [
    'an older one goes by when the next was made, not by its own age',
    {
      live: alice,
      inventory: {
        generations: [generation('alice', 1, 50), generation('alice', 2, 9)],
        profiles: new Map([['alice', 2]]),
      },
    },
    ['candidate alice-1'],
  ],
  [
    'exactly after `retain` it goes',
    {
      live: alice,
      inventory: {
        generations: [generation('alice', 1, 50), generation('alice', 2, 10)],
        profiles: new Map([['alice', 2]]),
      },
    },
    ['expire alice-1'],
  ],
  [
    'it stays when it was made less than `grace` ago, however long unused',
    {
      live: new Set(),
      goneSince: gone(99),
      graceMs: 3 * HOUR,
      inventory: { generations: [generation('alice', 1, 2)] },
    },
    [],
  ],
  [
    'it goes when it was made just so long ago',
    {
      live: new Set(),
      goneSince: gone(99),
      graceMs: 2 * HOUR,
      inventory: { generations: [generation('alice', 1, 2)] },
    },
    ['expire alice-1'],
  ],
  [
    'the longest unused first',
    {
      live: alice,
      inventory: {
        generations: [generation('alice', 2, 4), generation('alice', 3, 2), generation('alice', 1, 50)],
        profiles: new Map([['alice', 3]]),
      },
    },
    ['candidate alice-1', 'candidate alice-2'],
  ],
  [
    'after a crash between the two links of a switch both stay: the profile names the older one still',
    { live: alice, inventory: { generations: two, profiles: new Map([['alice', 1]]) } },
    [],
  ],
  [
    "after a crash before a profile's first link: the newest is the present one",
    { live: alice, inventory: { generations: two, profiles: new Map() } },
    ['expire alice-1'],
  ],
  [
    'a workspace without a spec has all of its generations from its end on',
    { goneSince: gone(9), inventory: { generations: two, profiles: new Map([['alice', 2]]) } },
    ['candidate alice-1', 'candidate alice-2'],
  ],
  [
    'and loses them together with its profile',
    { goneSince: gone(10), inventory: { generations: two, profiles: new Map([['alice', 2]]) } },
    ['expire alice-1', 'expire alice-2', 'drop alice'],
  ],
  [
    'since when is not known: since now',
    { inventory: { generations: two, profiles: new Map([['alice', 2]]) } },
    ['candidate alice-1', 'candidate alice-2'],
  ],
  [
    'it is back: what was noted of its end counts no more',
    {
      live: alice,
      goneSince: gone(99),
      inventory: { generations: [generation('alice', 1, 50)], profiles: new Map([['alice', 1]]) },
    },
    [],
  ],
  ['a profile of nobody that leads nowhere', { inventory: { profiles: new Map([['alice', 7]]) } }, ['drop alice']],
  ['a profile of somebody that leads nowhere', { live: alice, inventory: { profiles: new Map([['alice', 7]]) } }, []],
  [
    'two whose names are alike are two',
    {
      live: new Set(['alice-1']),
      goneSince: gone(99),
      inventory: {
        generations: [generation('alice', 1, 50), generation('alice-1', 1, 50)],
        profiles: new Map([
          ['alice', 1],
          ['alice-1', 1],
        ]),
      },
    },
    ['expire alice-1', 'drop alice'],
  ],
  [
    '`retain` of 0: what is unused goes at once',
    {
      retainMs: 0,
      live: new Set(['bob']),
      inventory: {
        generations: [...two, generation('bob', 1, 1), generation('bob', 2, 0)],
        profiles: new Map([
          ['alice', 2],
          ['bob', 2],
        ]),
      },
    },
    ['expire alice-1', 'expire alice-2', 'expire bob-1', 'drop alice'],
  ],
  [
    'prewarmed packages that a spec asks for',
    {
      live: new Set(['.prewarm']),
      inventory: {
        generations: [generation('.prewarm', 1, 99), generation('.prewarm', 2, 99)],
        profiles: new Map([['.prewarm', 2]]),
      },
    },
    ['expire .prewarm-1'],
  ],
  [
    'prewarmed packages that none asks for any more',
    {
      goneSince: new Map([['.prewarm', NOW - 10 * HOUR]]),
      inventory: { generations: [generation('.prewarm', 1, 99)], profiles: new Map([['.prewarm', 1]]) },
    },
    ['expire .prewarm-1', 'drop .prewarm'],
  ],
];

describe('which generations and profiles go', () => {
  it.each(PROFILES)('%s', (_, given, expected) => expect(textOf(given)).toEqual(expected));

  it.each([
    [
      'of the keeper for what its volume tells',
      {
        live: alice,
        now: NOW + 99 * HOUR,
        inventory: {
          generations: [generation('alice', 1, 50), generation('alice', 2, 9)],
          profiles: new Map([['alice', 2]]),
        },
      },
      ['candidate alice-1'],
    ],
    [
      'of the controller for what specs tell',
      {
        goneSince: new Map([['alice', NOW + 90 * HOUR]]),
        now: NOW + 99 * HOUR,
        inventory: { generations: [generation('alice', 1, 9_999)], profiles: new Map([['alice', 1]]) },
      },
      ['candidate alice-1'],
    ],
    [
      'and both when the keeper is far ahead',
      {
        goneSince: new Map([['alice', NOW - 101 * HOUR]]),
        now: NOW - 100 * HOUR,
        inventory: { generations: [generation('alice', 1, 9_999)], profiles: new Map([['alice', 1]]) },
      },
      ['candidate alice-1'],
    ],
  ] satisfies readonly [string, Given, string[]][])('the clock is that %s', (_, given, expected) =>
    expect(textOf(given)).toEqual(expected),
  );

  it('lets those go before their time that are pressed, and nothing that is in use', () => {
    const generations = [...two, generation('alice', 3, 1)];
    const pressed = new Set(generations);
    expect(textOf({ live: alice, pressed, inventory: { generations, profiles: new Map([['alice', 3]]) } })).toEqual([
      'expire alice-1',
      'expire alice-2',
    ]);
  });

  it('takes a pressed one by what it is, not by its name', () => {
    const inventory = {
      generations: [generation('alice', 1, 5), generation('alice', 2, 1)],
      profiles: new Map([['alice', 2]]),
    };
    expect(textOf({ live: alice, pressed: new Set([generation('alice', 1, 5)]), inventory })).toEqual([
      'candidate alice-1',
    ]);
  });
});

const links = [known('result', 99)];
const LINKS: readonly [string, Given, string[]][] = [
  [
    'what was found is pinned',
    { looked: alice, found: [found('alice', 'result')], inventory: { links } },
    ['pin alice/result -> out'],
  ],
  [
    'what is pinned already, and was found again long after',
    { looked: alice, found: [found('alice', 'result')], inventory: { links, pins: [pin('alice', 'result', 99)] } },
    ['pin alice/result -> out'],
  ],
  [
    'one name stands for the files of several',
    {
      looked: new Set(['alice', 'bob']),
      found: [found('alice', 'result', 'a'), found('bob', 'result', 'b')],
      inventory: { links },
    },
    ['pin alice/result -> a', 'pin bob/result -> b'],
  ],
  [
    'its file is gone, and its owner was looked at',
    { looked: alice, live: alice, inventory: { links, pins: [pin('alice', 'result', 0)] } },
    ['unpin alice/result', 'forget result'],
  ],
  [
    'another still has such a file',
    {
      looked: new Set(['alice', 'bob']),
      found: [found('bob', 'result')],
      inventory: { links, pins: [pin('alice', 'result', 0)] },
    },
    ['pin bob/result -> out', 'unpin alice/result'],
  ],
  [
    'an owner that comes back was not looked at',
    { live: alice, inventory: { links, pins: [pin('alice', 'result', 9_999)] } },
    [],
  ],
  [
    'an owner that went less than `retain` ago',
    { goneSince: gone(9), inventory: { links, pins: [pin('alice', 'result', 9_999)] } },
    [],
  ],
  [
    'one that went long ago, and was seen since',
    { goneSince: gone(10), inventory: { links, pins: [pin('alice', 'result', 9)] } },
    [],
  ],
  [
    'one that went long ago',
    { goneSince: gone(10), inventory: { links, pins: [pin('alice', 'result', 10)] } },
    ['unpin alice/result', 'forget result'],
  ],
  [
    'one of whom nothing is known',
    { inventory: { links, pins: [pin('guest', 'result', 10)] } },
    ['unpin guest/result', 'forget result'],
  ],
  [
    'the known link is lost: nobody can look, and it stays for `retain`',
    { looked: alice, live: alice, inventory: { pins: [pin('alice', 'result', 9)] } },
    [],
  ],
  [
    'and goes after that',
    { looked: alice, live: alice, inventory: { pins: [pin('alice', 'result', 10)] } },
    ['unpin alice/result'],
  ],
  [
    'a link that leads nowhere is remembered for `retain`',
    { inventory: { links: [known('new', 9), known('old', 10)] } },
    ['forget old'],
  ],
  [
    'a link that leads nowhere, when everybody was looked at',
    { looked: alice, live: alice, inventory: { links: [known('new', 0.5), known('old', 2)] } },
    ['forget old'],
  ],
  [
    'the same, while somebody who went may come back',
    {
      looked: alice,
      live: alice,
      goneSince: new Map([['bob', NOW - HOUR]]),
      inventory: { links: [known('new', 0.5), known('old', 2)] },
    },
    [],
  ],
  [
    '`retain` of 0',
    { retainMs: 0, inventory: { links, pins: [pin('alice', 'result', 0)] } },
    ['unpin alice/result', 'forget result'],
  ],
  [
    '`retain` of 0 and an owner that comes back',
    { retainMs: 0, live: alice, inventory: { links, pins: [pin('alice', 'result', 0)] } },
    [],
  ],
  [
    'the keeper is ahead: when it was seen is by its clock, when its owner went by ours',
    {
      now: NOW - 99 * HOUR,
      goneSince: new Map([['alice', NOW - 108 * HOUR]]),
      inventory: { links, pins: [pin('alice', 'result', 99)] },
    },
    [],
  ],
];

describe('which links of users go', () => {
  it.each(LINKS)('%s', (_, given, expected) => expect(textOf(given)).toEqual(expected));
});

describe('what is told of roots', () => {
  const inventory: Partial<RootInventory> = {
    generations: [...two, generation('.prewarm', 1, 1), generation('bob', 4, 1)],
    profiles: new Map([
      ['alice', 2],
      ['.prewarm', 1],
      ['bob', 4],
    ]),
    links,
    pins: [pin('carol', 'result', 1), pin('carol', 'lost', 1)],
    images: new Map([['sha256:1', [path('i1'), path('i2')]]]),
    keeper: [path('k1'), path('k2')],
    others: [{ from: '/nix/var/nix/gcroots/mine', path: path('o') }],
  };
  const plan = planRoots(
    input({
      retainMs: 99 * HOUR,
      live: new Set(['alice', 'carol', '.prewarm']),
      found: [found('alice', 'result', 'a')],
      inventory,
    }),
  );

  it('says of each what it is, whose, and where it comes from', () => {
    expect(plan.roots.map(({ kind, owner, from, path: to }) => `${kind} ${owner} ${from} ${to.slice(44)}`)).toEqual([
      'generation alice generation 1 alice-1',
      'profile alice packages alice-2',
      'prewarm .prewarm packages .prewarm-1',
      'removed bob packages bob-4',
      'link alice /workspace/result a',
      'link carol /workspace/result out',
      'link carol lost out',
      'image sha256:1 its own store i1',
      'image sha256:1 its own store i2',
      'keeper keeper its own store k1',
      'keeper keeper its own store k2',
      'other - /nix/var/nix/gcroots/mine o',
    ]);
  });

  it('counts what one image or keeper brought once', () => {
    expect(countRoots(plan.roots)).toEqual({
      profile: 1,
      generation: 1,
      removed: 1,
      prewarm: 1,
      image: 1,
      keeper: 1,
      link: 3,
      process: 0,
      other: 1,
    });
  });

  it('tells what is about to go apart', () => {
    const { roots, expiring } = planRoots(
      input({
        looked: alice,
        live: alice,
        inventory: { generations: two, profiles: new Map([['alice', 2]]), links, pins: [pin('alice', 'result', 0)] },
      }),
    );
    expect([roots, expiring].map((list) => list.map(({ kind, from }) => `${kind} ${from}`))).toEqual([
      ['profile packages'],
      ['generation generation 1', 'link /workspace/result'],
    ]);
  });
});

describe('a store over its bound', () => {
  it('does not make go early what was made less than `grace` ago', () => {
    const generations = [generation('alice', 1, 9), generation('alice', 2, 2), generation('alice', 3, 1)];
    const inventory = { generations, profiles: new Map([['alice', 3]]) };
    expect(textOf({ live: alice, graceMs: 3 * HOUR, pressed: new Set(generations.slice(0, 2)), inventory })).toEqual([
      'expire alice-1',
    ]);
  });
});
