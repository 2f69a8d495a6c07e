import { describe, expect, it } from '@jest/globals';
import { createKeeperStarts } from '../../../../controller/nix/keeper/keeper-starts.js';
import { createManualClock } from '../../../support/manual-clock.js';

describe('starts of a keeper', () => {
  it.each([
    [0, 0],
    [1, 0],
    [2, 1_000],
    [3, 2_000],
    [4, 4_000],
    [7, 32_000],
    [8, 60_000],
    [50, 60_000],
  ])('after %i in a row the next one waits %i ms', (count, waitMs) => {
    const starts = createKeeperStarts(createManualClock());
    for (let index = 0; index < count; index += 1) starts.note();
    expect(starts.waitMs()).toBe(waitMs);
  });

  it('wait less as time goes by, and never less than nothing', () => {
    const clock = createManualClock();
    const starts = createKeeperStarts(clock);
    for (let index = 0; index < 4; index += 1) starts.note();
    clock.advance(1_500);
    expect(starts.waitMs()).toBe(2_500);
    clock.advance(10_000);
    expect(starts.waitMs()).toBe(0);
  });

  it.each([
    ['that lasted for 90 s is still one in a row', 90_000, 1_000],
    ['that lasted for longer is the last of its row', 90_001, 0],
  ])('one %s', (_what, lastedMs, waitMs) => {
    const clock = createManualClock();
    const starts = createKeeperStarts(clock);
    starts.note();
    clock.advance(lastedMs);
    starts.note();
    expect(starts.waitMs()).toBe(waitMs);
  });
});
