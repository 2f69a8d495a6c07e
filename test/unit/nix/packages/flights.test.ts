import { describe, expect, it } from '@jest/globals';
import { FailureError } from '../../../../controller/model/reasons.js';
import type { CacheEvent } from '../../../../controller/model/cache-event.js';
import { environmentRequest } from '../../../../controller/nix/packages/environment-key.js';
import { createFlights } from '../../../../controller/nix/packages/flights.js';
import { createManualClock } from '../../../support/manual-clock.js';
import { createFakeKeeper, keyOf, NIXPKGS, settle } from './fake-keeper.js';

const HELLO = keyOf('hello');
const TOOL = keyOf('tool');
const FAILURE = new FailureError({ reason: 'PackageFetchFailed', message: 'no server' });
const progress = (path: string) => ({
  current: { what: 'fetching' as const, path: `/nix/store/djjxv3pda7r3hh3lrkcq4bwaji4x35av-${path}` },
  bytesDone: 0,
  bytesExpected: 0,
  pathsDone: 0,
  pathsExpected: 0,
});

function open(wants: Record<string, string[]> = {}) {
  const clock = createManualClock(0);
  const keeper = createFakeKeeper(wants);
  const told: CacheEvent[] = [];
  const done: string[] = [];
  const flights = createFlights({
    cache: 'team',
    clock,
    calls: {},
    keeper: () => keeper,
    emit: (event) => void told.push(event),
    onRealised: (key, _realised, workspaces, use) => void done.push(`${key} ${workspaces.join()} ${use.seconds}`),
    onFailed: (key, { reason }) => void done.push(`${key} ${reason}`),
    onLanded: () => void done.push('landed'),
  });
  const begin = (workspace: string, name: string, rank = 0) =>
    flights.begin({ request: environmentRequest(NIXPKGS, [name]), packages: [name], workspace, rank });
  return { clock, keeper, told, done, flights, begin };
}

describe('flights', () => {
  it('that want one path are realised one after the other', async () => {
    const { keeper, begin } = open({ [HELLO]: ['/x', '/y'], [TOOL]: ['/y'] });
    begin('alice', 'hello');
    begin('bob', 'tool');
    await settle();
    expect([...keeper.under.keys()]).toEqual([HELLO]);
    keeper.under.get(HELLO)!.land();
    await settle();
    expect([...keeper.under.keys()]).toEqual([TOOL]);
  });

  it('leave the way free when they fail', async () => {
    const { keeper, done, begin } = open({ [HELLO]: ['/y'], [TOOL]: ['/y'] });
    begin('alice', 'hello');
    begin('bob', 'tool');
    await settle();
    keeper.under.get(HELLO)!.fail(FAILURE);
    await settle();
    expect([...keeper.under.keys()]).toEqual([TOOL]);
    expect(done).toEqual([`${HELLO} PackageFetchFailed`, 'landed']);
  });

  it('take those that join with them', async () => {
    const { flights, keeper, done, begin } = open();
    expect(flights.join(HELLO, 'bob')).toBe(false);
    begin('carol', 'hello');
    expect(flights.join(HELLO, 'bob')).toBe(true);
    expect([flights.wordsOf(HELLO, 'bob'), flights.wordsOf(HELLO, 'dave'), flights.wordsOf(TOOL, 'bob')]).toEqual([
      'evaluating',
      null,
      null,
    ]);
    await settle();
    keeper.under.get(HELLO)!.land();
    await settle();
    // The first one first: the others got for nothing what it asked for.
    expect(done).toEqual([`${HELLO} carol,bob 0`, 'landed']);
    expect([flights.isAny(), flights.underWay()]).toEqual([false, []]);
  });

  it('tell how far they are at once, and then every two seconds at most', async () => {
    const { clock, flights, keeper, told, begin } = open();
    begin('alice', 'hello');
    await settle();
    const { tell } = keeper.under.get(HELLO)!;
    for (const [ms, name] of [
      [0, 'a'],
      [1_999, 'b'],
      [1, 'c'],
      [1_000, 'd'],
    ] as const) {
      clock.advance(ms);
      tell(progress(name));
    }
    expect(told.map((event) => event.type === 'realising' && event.words)).toEqual(['fetching a', 'fetching c']);
    expect(flights.underWay()).toEqual(['alice: fetching c']);
  });

  it('tell how long they took, and of what', async () => {
    const { clock, keeper, told, begin } = open();
    begin('alice', 'hello');
    await settle();
    clock.advance(2_500);
    keeper.under.get(HELLO)!.land();
    await settle();
    expect(told[0]).toEqual({
      type: 'realised',
      cache: 'team',
      workspaces: ['alice'],
      packages: ['hello'],
      failure: null,
      seconds: 2.5,
      use: {
        paths: { asked: 2, hit: 1, fetched: 1, built: 0 },
        bytes: { asked: 300, hit: 100, fetched: 200, built: 0 },
        seconds: 2.5,
        temperature: 'cold',
      },
    });
  });

  it('of a lower rank are cancelled as soon as they start when they had to make way before', async () => {
    const { keeper, begin, done, told } = open({ [HELLO]: ['/x'], [TOOL]: ['/x'] });
    begin('.prewarm', 'hello', 1);
    await settle();
    begin('alice', 'tool');
    await settle();
    const prewarming = keeper.under.get(HELLO)!;
    expect(prewarming.isCancelled).toBe(true);
    prewarming.fail(FAILURE);
    await settle();
    expect([done, told]).toEqual([['landed'], []]);
    expect([...keeper.under.keys()]).toEqual([TOOL]);
  });

  it('of one rank never cancel each other', async () => {
    const { keeper, begin } = open({ [HELLO]: ['/x'], [TOOL]: ['/x'] });
    begin('alice', 'hello');
    await settle();
    begin('bob', 'tool');
    await settle();
    expect(keeper.under.get(HELLO)!.isCancelled).toBe(false);
  });
});
