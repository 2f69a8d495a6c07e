import { describe, expect, it } from '@jest/globals';
import { EngineError } from '../../../../controller/docker/port.js';
import { FailureError } from '../../../../controller/model/reasons.js';
import { environmentRequest } from '../../../../controller/nix/packages/environment-key.js';
import { createEnvironments, PREWARM } from '../../../../controller/nix/packages/environments.js';
import { createManualClock } from '../../../support/manual-clock.js';
import { briefly, createFakeKeeper, environmentOf, inventory, keyOf, NIXPKGS, pathOf, settle } from './fake-keeper.js';

const HELLO = keyOf('hello');
const TOOL = keyOf('tool');
const WARM = environmentRequest(NIXPKGS, ['hello'], { ranked: true }).key;
const FETCH_FAILED = new FailureError({ reason: 'PackageFetchFailed', message: 'no server' });
const NOT_FOUND = new FailureError({ reason: 'PackageNotFound', message: 'no such package' });

/** The environments of the cache `team`, and a keeper that answers. */
function open({ wants = {}, found = inventory() }: { wants?: Record<string, string[]>; found?: typeof EMPTY } = {}) {
  const clock = createManualClock(0);
  const told: string[] = [];
  let idle = 0;
  const environments = createEnvironments({
    cache: 'team',
    clock,
    random: () => 1,
    calls: {},
    emit: (event) => void told.push(briefly(event)),
    onIdle: () => void (idle += 1),
  });
  const keeper = createFakeKeeper(wants);
  environments.open(keeper, found);
  const ask = (workspace: string, ...packages: string[]) => environments.request(workspace, NIXPKGS, packages);
  const land = async (key: string) => {
    await settle();
    keeper.under.get(key)!.land();
    await settle();
  };
  return { clock, environments, keeper, told, ask, land, idle: () => idle };
}
const EMPTY = inventory();

/** As a keeper finds them: alice's profile holds `hello`, and `tool` is there as well. */
const FOUND = inventory({
  profiles: new Map([['alice', pathOf(HELLO)]]),
  environments: new Map([HELLO, TOOL].map((key) => [pathOf(key), environmentOf(key)])),
});

describe('the environments of a cache', () => {
  it('realise once what several ask for at once, and link all of them', async () => {
    const { environments, keeper, told, ask, land } = open();
    ask('alice', 'hello');
    ask('bob', 'hello');
    await settle();
    ask('carol', 'hello');
    expect(environments.underWay()).toEqual(['alice, bob, carol: evaluating']);
    await land(HELLO);
    expect(keeper.resolved).toEqual([HELLO]);
    // Whoever joined found everything there, and is linked first.
    expect(keeper.linked).toEqual([
      [pathOf(HELLO), ['bob', 'carol']],
      [pathOf(HELLO), ['alice']],
    ]);
    expect(told).toEqual([
      'realised alice,bob,carol well',
      'changed alice,bob,carol',
      'linked bob warm',
      'linked carol warm',
      'changed bob,carol',
      'linked alice cold',
      'changed alice',
    ]);
    expect(['alice', 'bob', 'carol'].map(environments.profileKey)).toEqual([HELLO, HELLO, HELLO]);
    expect([environments.isBusy(), environments.isFlying(), environments.environmentCount()]).toEqual([
      false,
      false,
      1,
    ]);
  });

  it('realise different packages side by side', async () => {
    const { keeper, ask } = open();
    ask('alice', 'hello');
    ask('bob', 'tool');
    await settle();
    expect([...keeper.under.keys()]).toEqual([HELLO, TOOL]);
  });

  it('link what is in the store without realising it', async () => {
    const { environments, keeper, told, ask } = open({ found: FOUND });
    ask('bob', 'tool');
    expect(environments.progressOf('bob', TOOL)).toBe('switching the profile');
    await settle();
    expect([keeper.resolved, told]).toEqual([[], ['linked bob warm', 'changed bob']]);
    expect(environments.progressOf('bob', TOOL)).toBeNull();
  });

  it('know nothing before a keeper has told, and then what it found', () => {
    const environments = createEnvironments({
      cache: 'team',
      clock: createManualClock(0),
      random: () => 1,
      calls: {},
      emit: () => undefined,
      onIdle: () => undefined,
    });
    expect([environments.hasInventory(), environments.isKnown(HELLO)]).toEqual([false, false]);
    environments.open(createFakeKeeper(), FOUND);
    expect(environments.hasInventory()).toBe(true);
    expect([environments.profileKey('alice'), environments.profileKey('bob')]).toEqual([HELLO, null]);
    expect([environments.known('alice')?.path, environments.known('bob')]).toEqual([pathOf(HELLO), null]);
    expect([environments.isKnown(TOOL), environments.isKnown(keyOf('other'))]).toEqual([true, false]);
    expect(environments.profileNames()).toEqual(['alice']);
  });

  it('let a start wait until its profile is in place', async () => {
    const { environments, ask, land } = open();
    ask('alice', 'hello');
    const inPlace = environments.inPlace('alice', HELLO, 60_000);
    await land(HELLO);
    expect(await inPlace).toBe(true);
  });
});

describe('an environment that fails', () => {
  it.each([
    { error: FETCH_FAILED, reason: 'PackageFetchFailed', waits: [1_000, 2_000, 4_000] },
    { error: NOT_FOUND, reason: 'PackageNotFound', waits: [null, null, null] },
    { error: new EngineError('unreachable', 'exec', 'gone'), reason: 'KeeperNotReady', waits: [1_000, 2_000, 4_000] },
  ])('with $reason is told of, and due again after $waits ms', async ({ error, reason, waits }) => {
    const { environments, keeper, told, ask } = open();
    keeper.failure = error;
    for (const retryMs of waits) {
      ask('alice', 'hello');
      await settle();
      expect(environments.failureOf(HELLO)).toEqual({ failure: expect.objectContaining({ reason }), retryMs });
    }
    expect(told).toEqual(waits.flatMap(() => [`realised alice ${reason}`, 'changed alice']));
    expect([environments.isBusy(), environments.isKnown(HELLO)]).toEqual([false, false]);
  });

  it('is due when its time has come, and forgotten when it succeeds', async () => {
    const { clock, environments, keeper, ask, land } = open();
    keeper.failure = FETCH_FAILED;
    ask('alice', 'hello');
    await settle();
    clock.advance(600);
    expect(environments.failureOf(HELLO)?.retryMs).toBe(400);
    clock.advance(400);
    expect(environments.failureOf(HELLO)?.retryMs).toBe(0);
    keeper.failure = null;
    ask('alice', 'hello');
    await land(HELLO);
    expect(environments.failureOf(HELLO)).toBeNull();
  });

  it.each([
    ['the spec changes', (one: ReturnType<typeof open>) => one.environments.forgetFailures()],
    ['another keeper comes up', (one: ReturnType<typeof open>) => one.environments.open(one.keeper, EMPTY)],
  ])('is worth another try when %s', async (_when, happens) => {
    const one = open();
    one.keeper.failure = NOT_FOUND;
    one.ask('alice', 'hello');
    await settle();
    happens(one);
    expect(one.environments.failureOf(HELLO)).toBeNull();
  });

  it('to be linked has to be realised again', async () => {
    const { environments, keeper, told, ask } = open({ found: FOUND });
    keeper.failure = FETCH_FAILED;
    ask('bob', 'tool');
    await settle();
    expect([environments.isKnown(TOOL), environments.profileKey('bob')]).toEqual([false, null]);
    expect(environments.failureOf(TOOL)?.failure.reason).toBe('PackageFetchFailed');
    expect(told).toEqual(['changed bob']);
  });
});

describe('during a collection, a request', () => {
  it.each([
    { what: 'for what is not there', packages: ['other'], isSealed: false, waits: true },
    { what: 'for what no profile holds', packages: ['tool'], isSealed: false, waits: true },
    { what: 'for what a profile holds', packages: ['hello'], isSealed: false, waits: false },
    { what: 'for what a profile holds, once it is sealed', packages: ['hello'], isSealed: true, waits: true },
  ])('$what waits: $waits', async ({ packages, isSealed, waits }) => {
    const { environments, keeper, ask } = open({ found: FOUND });
    environments.hold();
    if (isSealed) environments.seal();
    ask('bob', ...packages);
    await settle();
    expect(keeper.resolved.length + keeper.linked.length).toBe(waits ? 0 : 1);
    expect(environments.progressOf('bob', keyOf(...packages))).toBe(
      waits ? 'waiting for the end of the garbage collection' : null,
    );
    expect([environments.isBusy(), environments.isFlying()]).toEqual([waits, false]);
  });

  it('that waits is made at its end, the last of each workspace', async () => {
    const { environments, keeper, told, ask } = open({ found: FOUND });
    environments.hold();
    environments.seal();
    ask('bob', 'other');
    ask('bob', 'tool');
    ask('carol', 'hello');
    environments.letGo();
    expect(told).toEqual(['changed bob,carol']);
    await settle();
    expect(keeper.linked).toEqual([
      [pathOf(TOOL), ['bob']],
      [pathOf(HELLO), ['carol']],
    ]);
    // Neither held nor sealed any more.
    ask('dave', 'other');
    await settle();
    expect(keeper.resolved).toEqual([keyOf('other')]);
  });

  it('goes through again when it is only sealed for a while', async () => {
    const { environments, keeper, ask } = open({ found: FOUND });
    environments.hold();
    environments.seal();
    environments.unseal();
    ask('bob', 'hello');
    await settle();
    expect(keeper.linked).toEqual([[pathOf(HELLO), ['bob']]]);
  });
});

describe('what is prewarmed', () => {
  const SHARED = { [WARM]: ['/nix/store/x'], [HELLO]: ['/nix/store/x'], [TOOL]: ['/nix/store/y'] };

  it('makes way for a workspace that wants the same path, and nobody hears of it', async () => {
    const { environments, keeper, told, ask, land, idle } = open({ wants: SHARED });
    ask(PREWARM, 'hello');
    await settle();
    ask('alice', 'hello');
    await settle();
    const prewarming = keeper.under.get(WARM)!;
    expect(prewarming.isCancelled).toBe(true);
    // It holds the path until its command has ended.
    expect([...keeper.under.keys()]).toEqual([WARM]);
    prewarming.fail(FETCH_FAILED);
    await land(HELLO);
    expect(told.filter((line) => line.includes(PREWARM))).toEqual([]);
    expect([environments.profileKey('alice'), environments.failureOf(WARM)]).toEqual([HELLO, null]);
    // Now it may be asked for again.
    expect(idle()).toBe(1);
    expect(environments.isBusy()).toBe(false);
  });

  it('goes on beside a workspace that wants other paths', async () => {
    const { keeper, ask } = open({ wants: SHARED });
    ask(PREWARM, 'hello');
    ask('alice', 'tool');
    await settle();
    expect([...keeper.under].map(([key, { isCancelled }]) => [key, isCancelled])).toEqual([
      [WARM, false],
      [TOOL, false],
    ]);
  });

  it('is kept as a profile of its own', async () => {
    const { environments, ask, land } = open();
    ask(PREWARM, 'hello');
    await land(WARM);
    expect(environments.profileKey(PREWARM)).toBe(WARM);
  });
});

describe('what goes away', () => {
  it('is forgotten with the profiles that hold it', () => {
    const { environments } = open({ found: FOUND });
    environments.forget(new Set([pathOf(HELLO)]));
    expect([environments.isKnown(HELLO), environments.profileKey('alice'), environments.isKnown(TOOL)]).toEqual([
      false,
      null,
      true,
    ]);
  });

  it('may be a profile alone: its environment stays', () => {
    const { environments } = open({ found: FOUND });
    environments.dropProfiles(['alice']);
    expect([environments.isKnown(HELLO), environments.profileNames()]).toEqual([true, []]);
  });
});

describe('without its keeper', () => {
  it('a request fails at once, and is no failure of the packages', () => {
    const { environments, told, ask } = open();
    environments.close();
    ask('alice', 'hello');
    expect(told).toEqual(['realised alice KeeperNotReady', 'changed alice']);
    expect([environments.failureOf(HELLO), environments.isBusy()]).toEqual([null, false]);
  });

  it.each([
    ['gone', (one: ReturnType<typeof open>) => one.environments.close()],
    ['another one', (one: ReturnType<typeof open>) => one.environments.open(createFakeKeeper(), EMPTY)],
  ])('a flight that ends well is not believed: the keeper is %s', async (_what, happens) => {
    const one = open();
    one.ask('alice', 'hello');
    await settle();
    happens(one);
    await one.land(HELLO);
    expect(one.told).toEqual(['realised alice overtaken', 'changed alice']);
    expect([one.environments.isKnown(HELLO), one.environments.failureOf(HELLO), one.keeper.linked]).toEqual([
      false,
      null,
      [],
    ]);
  });

  it('nothing is linked, and whoever waits is told to look again', async () => {
    const { environments, keeper, told, ask } = open({ found: FOUND });
    let go: () => void = () => undefined;
    keeper.linkGate = new Promise((resolve) => (go = resolve));
    ask('bob', 'tool');
    ask('carol', 'hello');
    environments.close();
    go();
    await settle();
    expect(keeper.linked).toEqual([[pathOf(TOOL), ['bob']]]);
    expect(told.at(-1)).toBe('changed carol');
    expect(environments.profileKey('carol')).toBeNull();
  });
});
