import { describe, expect, it } from '@jest/globals';
import { EngineError } from '../../../../controller/docker/port.js';
import type { CacheEvent } from '../../../../controller/model/cache-event.js';
import type { Failure } from '../../../../controller/model/reasons.js';
import type { VerifyConfig, VerifyNews, VerifyRun } from '../../../../controller/model/verify-status.js';
import { CANCEL_SCRIPT } from '../../../../controller/nix/keeper/scripts.js';
import { DAMAGED_KEPT, newVerifyRecord, type VerifyRecord } from '../../../../controller/nix/verify/record.js';
import { createVerifier } from '../../../../controller/nix/verify/verifier.js';
import { VERIFY_STORE_SCRIPT } from '../../../../controller/nix/verify/verify-scripts.js';
import { createManualClock } from '../../../support/manual-clock.js';
import { portOf } from '../fake-port.js';
import { settle } from '../packages/fake-keeper.js';
import { cache } from '../samples.js';

const HOUR = 3_600_000;
/** Its schedule is daily at 03:00 UTC. */
const TWO = Date.UTC(2026, 0, 2, 2);
const VERIFY: VerifyConfig = { schedule: '0 3 * * *', timeZone: 'UTC', share: 5 };
const NOT_READY: Failure = { reason: 'KeeperNotReady', message: 'the keeper is not ready' };
const path = (index: number) => `/nix/store/${String(index).padStart(32, '0')}-x`;
const INTACT = ['of 2 40', 'verified 1 100', `at ${path(1)}`, 'verified 1 100', `at ${path(2)}`];

interface Facts {
  verify?: Partial<VerifyConfig> | null;
  keeperId?: string | null;
  unavailable?: Failure | null;
  isCollecting?: boolean;
  isScheduled?: boolean;
  now?: number;
  record?: Partial<VerifyRecord>;
  /** What the script prints, without our marker. */
  lines?: readonly string[];
  /** Its last words, and its exit code. */
  words?: string;
  code?: number;
  error?: Error;
}

/** The verifier of a cache whose keeper prints what the test says; while `hold` is on, a run does not end. */
function open(facts: Facts = {}) {
  const clock = createManualClock(facts.now ?? TWO);
  const saved: VerifyRecord[] = [];
  const events: CacheEvent[] = [];
  const stop = new AbortController();
  const asked: Readonly<Record<string, string>>[] = [];
  const cancelled: string[] = [];
  let release: (code?: number) => void = () => undefined;
  let held: Promise<number | undefined> | null = null;
  const verifier = createVerifier({
    cache: 'team',
    docker: portOf({
      async exec(_container, { command, env = {}, onLine }) {
        if (command[2] === CANCEL_SCRIPT) {
          cancelled.push(env['KALPANA_PID'] ?? '');
          release(143);
          return { exitCode: 0 };
        }
        expect(command[2]).toBe(VERIFY_STORE_SCRIPT);
        asked.push(env);
        for (const line of ['pid 77', ...(facts.lines ?? INTACT)]) onLine(`kalpana: ${line}`);
        if (facts.words !== undefined) onLine(facts.words);
        if (facts.error !== undefined) throw facts.error;
        return { exitCode: (await held) ?? facts.code ?? 0 };
      },
    }),
    clock,
    calls: { signal: stop.signal },
    record: {
      load: () => ({ ...newVerifyRecord(TWO - 20 * HOUR), ...facts.record }),
      save: (record) => void saved.push(record),
    },
    isScheduled: facts.isScheduled ?? true,
    desired: () => (facts.verify === null ? null : cache({ verify: { ...VERIFY, ...facts.verify } })),
    keeperId: () => (facts.keeperId === undefined ? 'id-keeper' : facts.keeperId),
    unavailable: () => facts.unavailable ?? null,
    isCollecting: () => facts.isCollecting ?? false,
    emit: (event) => void events.push(event),
    onChange: () => undefined,
  });
  return {
    verifier,
    asked,
    cancelled,
    stop,
    hold: () => void (held = new Promise((resolve) => (release = resolve))),
    letGo: () => release(),
    record: () => saved.at(-1),
    runs: (): VerifyRun[] => events.flatMap((event) => (event.type === 'verify-ended' ? [event.run] : [])),
    async ask(repair = false) {
      const news: VerifyNews[] = [];
      await verifier.verify(repair, (item) => void news.push(item));
      return news;
    },
    async pass(ms = 0) {
      clock.advance(ms);
      for (let turn = 0; turn < 10; turn += 1) await settle();
    },
  };
}

describe('a verification by schedule', () => {
  it.each<{ what: string; facts: Facts; runs: readonly string[] }>([
    { what: 'is made up for when its time passed before', facts: { now: TWO + 2 * HOUR }, runs: ['missed'] },
    { what: 'waits for its time', facts: {}, runs: [] },
    { what: 'is made only where a share is named', facts: { now: TWO + 2 * HOUR, verify: { share: null } }, runs: [] },
    { what: 'needs a keeper', facts: { now: TWO + 2 * HOUR, keeperId: null }, runs: [] },
    { what: 'needs a cache that can be used', facts: { now: TWO + 2 * HOUR, unavailable: NOT_READY }, runs: [] },
    { what: 'is not made beside a collection', facts: { now: TWO + 2 * HOUR, isCollecting: true }, runs: [] },
    { what: 'needs a spec', facts: { now: TWO + 2 * HOUR, verify: null }, runs: [] },
    { what: 'is not made where one convergence is', facts: { now: TWO + 2 * HOUR, isScheduled: false }, runs: [] },
  ])('$what', async ({ facts, runs }) => {
    const one = open(facts);
    one.verifier.consider();
    await one.pass();
    expect(one.runs().map(({ trigger }) => trigger)).toEqual(runs);
  });

  it('looks at its share each night, and goes on where the last one ended', async () => {
    const one = open();
    one.verifier.consider();
    expect(one.verifier.status()).toMatchObject({ nextRunAt: TWO + HOUR, underWay: null });
    await one.pass(HOUR);
    for (let hours = 0; hours < 24; hours += 1) await one.pass(HOUR);
    expect(one.runs().map(({ trigger, result }) => `${trigger} ${result}`)).toEqual([
      'schedule intact',
      'schedule intact',
    ]);
    const asked = { KALPANA_SHARE: '5', KALPANA_KNOWN: '', KALPANA_REPAIR: '' };
    expect(one.asked).toEqual([
      { ...asked, KALPANA_AFTER: '' },
      { ...asked, KALPANA_AFTER: path(2) },
    ]);
  });

  it('does not begin once the controller ends', async () => {
    const one = open();
    one.verifier.consider();
    one.stop.abort();
    await one.pass(HOUR);
    expect(one.asked).toEqual([]);
  });
});

describe('a verification that a person asks for', () => {
  it('looks at everything, tells how far it is, and what came of it', async () => {
    const one = open({ verify: { share: null } });
    const news = await one.ask();
    expect(news.map((item) => (item.type === 'progress' ? item.message : item.type))).toEqual([
      '0 of 2 paths verified',
      '1 of 2 paths verified',
      '2 of 2 paths verified',
      'run',
    ]);
    expect(one.asked).toEqual([{ KALPANA_AFTER: '', KALPANA_SHARE: '100', KALPANA_KNOWN: '', KALPANA_REPAIR: '' }]);
    expect(one.record()).toMatchObject({ cursor: path(2), damaged: [], lost: [] });
    expect(one.record()?.runs).toEqual([
      expect.objectContaining({
        trigger: 'request',
        result: 'intact',
        verifiedPaths: 2,
        totalPaths: 40,
        failure: null,
      }),
    ]);
    expect(one.verifier.status()).toMatchObject({ nextRunAt: null, underWay: null });
  });

  it('tells damage, which the next run looks at first, and which goes when that finds it whole', async () => {
    const one = open({ lines: ['of 2 2', `damaged ${path(2)}`, 'verified 2 9', `at ${path(3)}`] });
    const damaged = { count: 1, first: [path(2)] };
    expect((await one.ask()).at(-1)).toMatchObject({ type: 'run', run: { result: 'damaged', damaged } });
    expect(one.verifier.status()).toMatchObject({ damaged, lost: { count: 0, first: [] } });
    await one.ask(true);
    expect(one.asked[1]).toMatchObject({ KALPANA_KNOWN: path(2), KALPANA_REPAIR: '1' });
    expect(one.verifier.status()).toMatchObject({ damaged });
  });

  it('tells what was mended as whole, and what could not be had again as lost', async () => {
    const lines = ['of 2 2', `damaged ${path(1)}`, `mended ${path(1)}`, `damaged ${path(2)}`, `lost ${path(2)}`];
    const one = open({ lines, record: { damaged: [path(1), path(2)] } });
    expect((await one.ask(true)).at(-1)).toMatchObject({
      run: { repair: true, result: 'damaged', mended: { first: [path(1)] }, lost: { first: [path(2)] } },
    });
    expect(one.record()).toMatchObject({ damaged: [path(2)], lost: [path(2)] });
  });

  it('keeps the damage that it knew when it could not look', async () => {
    const one = open({ lines: [], words: 'error: the database is broken', code: 26, record: { damaged: [path(2)] } });
    expect((await one.ask()).at(-1)).toMatchObject({
      run: {
        result: 'aborted',
        failure: {
          reason: 'KeeperNotReady',
          message: 'the store of the cache team could not be looked through: error: the database is broken',
        },
      },
    });
    expect(one.record()?.damaged).toEqual([path(2)]);
  });

  it.each<[string, Facts, string]>([
    ['another is under way in the keeper', { lines: [], code: 20, words: 'busy' }, 'VerifyEnded'],
    ['the script tells nothing', { lines: [] }, 'KeeperNotReady'],
    ['the disk is full', { code: 12, words: 'mktemp: No space left on device' }, 'CacheDiskFull'],
    ['the keeper goes away', { error: new EngineError('not-found', 'exec', 'no such container') }, 'KeeperNotReady'],
  ])('is aborted when %s', async (_what, facts, reason) => {
    const one = open(facts);
    expect((await one.ask()).at(-1)).toMatchObject({ run: { result: 'aborted', failure: { reason } } });
    expect(one.verifier.isUnderWay()).toBe(false);
  });

  it.each<[string, Facts, string]>([
    ['its keeper is not ready', { unavailable: NOT_READY }, NOT_READY.message],
    [
      'its garbage is collected',
      { isCollecting: true },
      'the garbage of the cache team is being collected: try again afterwards',
    ],
  ])('is refused while %s', async (_what, facts, message) => {
    const one = open(facts);
    expect(await one.ask()).toEqual([{ type: 'refused', cache: 'team', message }]);
    expect(one.asked).toEqual([]);
  });

  it('is refused while another is under way, which says how far it is', async () => {
    const one = open();
    one.hold();
    const first = one.ask();
    expect([one.verifier.isUnderWay(), one.verifier.status()?.underWay]).toEqual([true, expect.any(String)]);
    await one.pass();
    const message = 'a verification of the cache team is under way: 2 of 2 paths verified';
    expect(await one.ask()).toEqual([{ type: 'refused', cache: 'team', message }]);
    one.letGo();
    expect((await first).at(-1)).toMatchObject({ type: 'run', run: { result: 'intact' } });
  });
});

describe('a verification that gives way', () => {
  it('ends in the keeper, keeps what it found, and goes on there the next time', async () => {
    const one = open({ lines: ['of 9 9', `damaged ${path(1)}`, 'verified 2 9', `at ${path(2)}`] });
    one.hold();
    const first = one.ask();
    await one.pass();
    one.verifier.giveWay();
    one.verifier.giveWay();
    expect((await first).at(-1)).toMatchObject({ run: { result: 'aborted', failure: { reason: 'VerifyEnded' } } });
    expect(one.cancelled).toEqual(['77']);
    expect(one.record()).toMatchObject({ cursor: path(2), damaged: [path(1)] });
    expect(one.verifier.isUnderWay()).toBe(false);
  });

  it('is none where none is under way', () => {
    const one = open();
    one.verifier.giveWay();
    expect(one.cancelled).toEqual([]);
  });
});

describe('what outlives a controller', () => {
  it('is damage, with what could not be had again', () => {
    const one = open({ record: { damaged: [path(1), path(2)], lost: [path(2)] } });
    expect(one.verifier.status()).toMatchObject({
      damaged: { count: 2, first: [path(1), path(2)] },
      lost: { count: 1, first: [path(2)] },
    });
  });

  it('is bounded, and so is what a status names', async () => {
    const many = Array.from({ length: DAMAGED_KEPT + 1 }, (_, index) => `damaged ${path(index)}`);
    const one = open({ lines: ['of 401 401', ...many] });
    await one.ask();
    expect(one.record()?.damaged).toHaveLength(DAMAGED_KEPT);
    expect(one.runs()[0]?.damaged).toMatchObject({ count: DAMAGED_KEPT + 1 });
    expect(one.verifier.status()?.damaged.first).toHaveLength(20);
    for (let run = 0; run < 21; run += 1) await one.ask();
    expect(one.record()?.runs).toHaveLength(20);
  });

  it('is nothing of a store that was emptied', () => {
    const one = open({ record: { damaged: [path(1)], lost: [path(1)], cursor: path(7) } });
    one.verifier.forget();
    expect(one.record()).toEqual(newVerifyRecord(TWO));
  });
});
