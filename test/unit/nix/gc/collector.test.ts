import { describe, expect, it } from '@jest/globals';
import { EngineError } from '../../../../controller/docker/port.js';
import type { CacheEvent } from '../../../../controller/model/cache-event.js';
import type { GcConfig, GcNews } from '../../../../controller/model/gc-status.js';
import type { Failure } from '../../../../controller/model/reasons.js';
import type { CollectorDependencies } from '../../../../controller/nix/gc/collector-dependencies.js';
import { createCollector } from '../../../../controller/nix/gc/collector.js';
import { newGcRecord, type GcRecord } from '../../../../controller/nix/gc/record.js';
import { createManualClock } from '../../../support/manual-clock.js';
import { HOUR } from '../../../support/gc/fake-run.js';
import { portOf } from '../fake-port.js';
import { settle } from '../packages/fake-keeper.js';
import { cache, CONFIG } from '../samples.js';

/** Its schedule is daily at 04:00 UTC. */
const THREE = Date.UTC(2026, 0, 2, 3);
const DAY = 24 * HOUR;
const NOT_READY: Failure = { reason: 'KeeperNotReady', message: 'the keeper is not ready' };
const AWAY: Failure = { reason: 'EngineUnreachable', message: 'the engine went away during listing: refused' };

interface Facts {
  gc?: Partial<GcConfig> | null;
  keeperId?: string | null;
  unavailable?: Failure | null;
  isScheduled?: boolean;
  now?: number;
  record?: Partial<GcRecord>;
  wanted?: readonly string[];
  /** The store, as it was measured last. */
  bytes?: number | null;
  /** False: it cannot be measured now. */
  isMeasurable?: boolean;
  profiles?: readonly string[];
  workspaces?: readonly { readonly name: string; readonly storageMountPath: string }[];
}

/** The collector of a cache on an engine that goes away at the first step of each run, once `goOn` lets it. */
function open(facts: Facts = {}) {
  const clock = createManualClock(facts.now ?? THREE);
  const saved: GcRecord[] = [];
  const events: CacheEvent[] = [];
  const stop = new AbortController();
  let goOn = () => {};
  let step = Promise.resolve();
  const size = () => (facts.bytes == null ? null : { bytes: facts.bytes, paths: 1 });
  const nothing = () => undefined;
  let looks = 0;
  let begun = 0;
  const deps = {
    cache: 'team',
    instance: 'default',
    docker: portOf({
      async inspectContainer() {
        looks += 1;
        // One run after the other would never let the test go on.
        await (looks > 50 ? new Promise(nothing) : step);
        throw new EngineError('unreachable', 'inspectContainer', 'refused');
      },
    }),
    clock,
    calls: { signal: stop.signal },
    record: {
      load: () => ({ ...newGcRecord(THREE - 22 * HOUR), ...facts.record }),
      save: (record: GcRecord) => void saved.push(record),
    },
    isScheduled: facts.isScheduled ?? true,
    desired: () => (facts.gc === null ? null : cache({ gc: { ...CONFIG.gc, ...facts.gc } })),
    workspaces: () => facts.workspaces ?? [],
    wantedProfiles: () => facts.wanted ?? [],
    isComplete: () => true,
    environments: { profileNames: () => [...(facts.profiles ?? [])], letGo: nothing },
    imports: { letGo: nothing },
    keeperId: () => (facts.keeperId === undefined ? 'id-keeper' : facts.keeperId),
    unavailable: () => facts.unavailable ?? null,
    listUsers: async () => [],
    dataVolumes: () => [],
    containers: () => [],
    measure: async () => (facts.isMeasurable === false ? null : size()),
    size,
    emit: (event: CacheEvent) => void events.push(event),
    onBegin: () => void (begun += 1),
    onChange: nothing,
  } as unknown as CollectorDependencies;
  const collector = createCollector(deps);
  return {
    collector,
    clock,
    stop,
    saved,
    /** From now on a step waits for `goOn`. */
    hold: () => void (step = new Promise((resolve) => (goOn = resolve))),
    goOn: () => goOn(),
    record: () => saved.at(-1),
    /** How often others were told that a run begins. */
    begun: () => begun,
    runs: () => events.flatMap((event) => (event.type === 'gc-ended' ? [event.run.trigger] : [])),
    /** Everything that waits for nothing but its turn. */
    async pass(ms = 0) {
      clock.advance(ms);
      for (let turn = 0; turn < 20; turn += 1) await settle();
    },
  };
}

describe('a collection by schedule', () => {
  it.each<{ what: string; facts: Facts; runs: readonly string[] }>([
    { what: 'is made up for when its time passed before', facts: { now: THREE + 2 * HOUR }, runs: ['missed'] },
    { what: 'waits for its time', facts: {}, runs: [] },
    { what: 'needs a keeper', facts: { now: THREE + 2 * HOUR, keeperId: null }, runs: [] },
    { what: 'needs a cache that can be used', facts: { now: THREE + 2 * HOUR, unavailable: NOT_READY }, runs: [] },
    { what: 'needs a spec', facts: { now: THREE + 2 * HOUR, gc: null }, runs: [] },
    { what: 'may be suspended', facts: { now: THREE + 2 * HOUR, gc: { suspend: true } }, runs: [] },
    { what: 'is not made where one convergence is', facts: { now: THREE + 2 * HOUR, isScheduled: false }, runs: [] },
  ])('$what', async ({ facts, runs }) => {
    const one = open(facts);
    one.collector.consider();
    await one.pass();
    expect(one.runs()).toEqual(runs);
  });

  it('begins at its time, once, and again a day later', async () => {
    const one = open();
    one.collector.consider();
    await one.pass(HOUR - 1);
    expect(one.runs()).toEqual([]);
    await one.pass(1);
    expect(one.runs()).toEqual(['schedule']);
    await one.pass(2 * HOUR);
    expect(one.runs()).toEqual(['schedule']);
    for (let hours = 0; hours < 22; hours += 1) await one.pass(HOUR);
    expect(one.runs()).toEqual(['schedule', 'schedule']);
  });

  it('does not begin once the controller ends', async () => {
    const one = open();
    one.collector.consider();
    one.stop.abort();
    await one.pass(HOUR);
    expect(one.runs()).toEqual([]);
  });
});

describe('a store beyond its bound', () => {
  const gc = { maxBytes: 1_000 };

  it.each<{ what: string; facts: Facts; lastOver: number | undefined }>([
    { what: 'as it is measured then', facts: { gc, bytes: 2_000 }, lastOver: 2_000 },
    {
      what: 'as it was known, when it cannot be measured',
      facts: { gc, bytes: 2_000, isMeasurable: false },
      lastOver: 2_000,
    },
  ])('is collected once, however the run ends: $what', async ({ facts, lastOver }) => {
    const one = open(facts);
    one.collector.consider();
    await one.pass();
    expect(one.runs()).toEqual(['maxBytes']);
    expect(one.record()?.lastOver?.bytes).toBe(lastOver);
  });

  it('is collected again when it has grown', async () => {
    const facts: Facts = { gc, bytes: 2_000 };
    const one = open(facts);
    one.collector.consider();
    await one.pass();
    facts.bytes = 2_011;
    one.collector.consider();
    await one.pass();
    expect(one.runs()).toEqual(['maxBytes', 'maxBytes']);
  });
});

describe('a collection that a person asks for', () => {
  async function ask(one: ReturnType<typeof open>, dryRun = false) {
    const news: GcNews[] = [];
    await one.collector.collect(dryRun, (item) => void news.push(item));
    return news;
  }

  it('is told step by step, and kept', async () => {
    const one = open({ record: { roots: null } });
    const news = await ask(one);
    expect(news.at(-1)).toMatchObject({ type: 'run', run: { trigger: 'request', result: 'aborted', failure: AWAY } });
    expect(one.record()).toMatchObject({ underWay: null, runs: [{ startedAt: THREE }] });
    expect([one.runs(), one.begun()]).toEqual([['request'], 1]);
  });

  it('leaves nothing behind when it is a dry run', async () => {
    const one = open();
    expect((await ask(one, true)).at(-1)).toMatchObject({ type: 'run', run: { result: 'aborted' } });
    expect([one.saved, one.runs()]).toEqual([[], []]);
  });

  it('is refused while another is under way, which says what it does', async () => {
    const one = open();
    one.hold();
    const first = ask(one);
    expect([one.collector.isUnderWay(), one.collector.status()?.underWay]).toEqual([true, 'looking at the roots']);
    const message = 'a collection of the cache team is under way: looking at the roots';
    expect(await ask(one)).toEqual([{ type: 'refused', cache: 'team', message }]);
    one.goOn();
    await first;
    expect(one.collector.isUnderWay()).toBe(false);
  });

  it('is refused while the cache cannot be used', async () => {
    const one = open({ unavailable: NOT_READY });
    expect(await ask(one)).toEqual([{ type: 'refused', cache: 'team', message: NOT_READY.message }]);
  });
});

describe('what outlives a controller', () => {
  it('does not count a run that was interrupted', () => {
    const underWay = { startedAt: THREE - DAY, trigger: 'schedule' } as const;
    const { collector, record } = open({ record: { underWay } });
    collector.noteNames([], ['alice']);
    expect(record()?.underWay).toBeNull();
  });

  it('keeps twenty runs, the newest first', async () => {
    const one = open();
    for (let run = 0; run < 21; run += 1) {
      await one.collector.collect(false, () => undefined);
      await one.pass(1_000);
    }
    const started = one.record()?.runs.map(({ startedAt }) => startedAt) ?? [];
    expect([started.length, started[0]]).toEqual([20, THREE + 20_000]);
  });

  it('is who has gone, and since when', () => {
    const { collector, clock, record, saved } = open({ profiles: ['zoe'] });
    collector.noteNames(['alice'], ['alice', 'bob']);
    expect(record()?.goneSince).toEqual({ bob: THREE, zoe: THREE });
    clock.advance(HOUR);
    collector.noteNames(['alice'], ['alice']);
    expect(saved).toHaveLength(1);
    collector.noteNames(['alice', 'bob'], ['alice']);
    expect(record()?.goneSince).toEqual({ zoe: THREE });
  });

  it('is where a workspace that has gone had its files', () => {
    const facts: Facts = { workspaces: [{ name: 'alice', storageMountPath: '/data' }] };
    const { collector, record } = open(facts);
    collector.noteNames(['alice'], []);
    expect(record()?.mountPaths).toEqual({ alice: '/data' });
    facts.workspaces = [];
    collector.noteNames([], ['alice']);
    expect(record()).toMatchObject({ goneSince: { alice: THREE }, mountPaths: { alice: '/data' } });
  });
});

describe('the status of collections', () => {
  it('tells when the next one is, and nothing of a cache without a spec', () => {
    expect(open().collector.status()).toMatchObject({ nextRunAt: THREE + HOUR, underWay: null, runs: [] });
    expect(open({ gc: null }).collector.status()).toBeNull();
    expect(open({ gc: { suspend: true } }).collector.status()?.nextRunAt).toBeNull();
  });
});
