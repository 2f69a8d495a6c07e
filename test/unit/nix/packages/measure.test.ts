import { describe, expect, it } from '@jest/globals';
import { createMeasure } from '../../../../controller/nix/packages/measure.js';
import { createManualClock } from '../../../support/manual-clock.js';
import { settle } from './fake-keeper.js';

function open() {
  const clock = createManualClock(0);
  const ended = new AbortController();
  let [measurements, changes] = [0, 0];
  let failure: Error | null = null;
  let isUp = true;
  const keeper = {
    async measure() {
      measurements += 1;
      if (failure !== null) throw failure;
      return { bytes: measurements * 100, paths: measurements };
    },
  };
  const measure = createMeasure({
    clock,
    calls: { signal: ended.signal },
    commands: () => (isUp ? keeper : null),
    onChange: () => void (changes += 1),
  });
  return {
    clock,
    measure,
    ended,
    seen: () => [measurements, changes],
    fail: () => void (failure = new Error('gone')),
    lose: () => void (isUp = false),
  };
}

describe('the size of a store', () => {
  it('is measured soon after a change, and then once a minute at most', async () => {
    const { clock, measure, seen } = open();
    const counts: unknown[] = [];
    for (const ms of [0, 0, 59_999, 1, 60_000]) {
      measure.soon();
      measure.soon();
      clock.advance(ms);
      await settle();
      counts.push(seen());
    }
    expect(counts).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    expect(measure.size()).toEqual({ bytes: 300, paths: 3 });
  });

  it('is measured at once when it is asked for', async () => {
    const { measure, seen } = open();
    expect([await measure.take(), await measure.take()]).toEqual([
      { bytes: 100, paths: 1 },
      { bytes: 200, paths: 2 },
    ]);
    expect(seen()).toEqual([2, 2]);
  });

  it('stays as it was known when it cannot be had', async () => {
    const { measure, fail, seen } = open();
    await measure.take();
    fail();
    expect([await measure.take(), measure.size()]).toEqual([null, { bytes: 100, paths: 1 }]);
    expect(seen()).toEqual([2, 1]);
  });

  it('stays as it was known while no keeper answers', async () => {
    const { measure, lose } = open();
    await measure.take();
    lose();
    expect(await measure.take()).toEqual({ bytes: 100, paths: 1 });
  });

  it('is not known after the store was emptied, and is measured again without waiting', async () => {
    const { clock, measure, seen } = open();
    await measure.take();
    measure.forget();
    expect(measure.size()).toBeNull();
    measure.soon();
    clock.advance(0);
    await settle();
    expect(seen()).toEqual([2, 2]);
  });

  it('is not measured any more once the controller has ended', async () => {
    const { clock, measure, ended, seen } = open();
    measure.soon();
    ended.abort();
    clock.advance(60_000);
    await settle();
    expect(seen()).toEqual([0, 0]);
  });
});
