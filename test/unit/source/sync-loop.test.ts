import { describe, expect, it } from '@jest/globals';
import { createSyncLoop, type SyncTrigger } from '../../../controller/source/git/sync-loop.js';
import { createManualClock } from '../../support/manual-clock.js';

/** All that is due without time passing. */
const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

function open({ random = 0.5, results = [] as number[] } = {}) {
  const clock = createManualClock();
  const ended = new AbortController();
  const polls: [number, SyncTrigger][] = [];
  const since = clock.now();
  let gate: Promise<void> = Promise.resolve();
  const loop = createSyncLoop({
    clock,
    random: () => random,
    signal: ended.signal,
    intervalMs: 60_000,
    async poll(trigger) {
      polls.push([clock.now() - since, trigger]);
      await gate;
      return results.shift() ?? 0;
    },
  });
  const running = loop.run();
  /** Steps, so that what a timer begins is not overtaken. */
  const pass = async (ms: number) => {
    await settle();
    for (let passed = 0; passed < ms; passed += 500) {
      clock.advance(500);
      await settle();
    }
  };
  return {
    loop,
    polls,
    pass,
    running,
    stop: () => ended.abort(),
    hold: () => new Promise<() => void>((resolve) => void (gate = new Promise((open) => resolve(open)))),
  };
}

describe('looking at a server', () => {
  it.each([
    [0, 54_000],
    [0.5, 60_000],
    [0.999, 66_000],
  ])('comes again after the interval, a tenth more or less by chance (%d)', async (random, ms) => {
    const { polls, pass } = open({ random });
    await pass(ms + 500);
    expect(polls.length).toBe(2);
    expect(polls[0]).toEqual([0, 'start']);
    expect(Math.abs((polls[1]?.[0] ?? 0) - ms)).toBeLessThanOrEqual(500);
    expect(polls[1]?.[1]).toBe('interval');
  });

  it('comes sooner after a failure, later with each, and never later than the interval', async () => {
    const { polls, pass } = open({ results: [1, 2, 3, 4, 5, 6, 7, 0] });
    await pass(300_000);
    const waits = polls.slice(1).map(([at], index) => at - (polls[index]?.[0] ?? 0));
    expect(waits.slice(0, 8)).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('comes at once when told to, and once for many words', async () => {
    const { loop, polls, pass, hold } = open();
    await pass(500);
    const held = hold();
    loop.sync('local');
    await settle();
    expect(polls.length).toBe(2);
    loop.sync('hook');
    loop.sync('local');
    loop.sync('local');
    await settle();
    expect(polls.length).toBe(2);
    (await held)();
    await settle();
    await pass(1_000);
    // A hook says more than what comes after it.
    expect(polls.map(([, trigger]) => trigger)).toEqual(['start', 'local', 'hook']);
  });

  it('ends when it is told to, in the middle of a wait', async () => {
    const { running, stop, pass } = open();
    await pass(500);
    stop();
    await running;
  });
});
