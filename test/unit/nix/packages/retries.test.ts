import { describe, expect, it } from '@jest/globals';
import type { Reason } from '../../../../controller/model/reasons.js';
import { createRetries } from '../../../../controller/nix/packages/retries.js';
import { createManualClock } from '../../../support/manual-clock.js';

const failure = (reason: Reason) => ({ reason, message: 'words' });

describe('what has failed is due again', () => {
  it.each<{ reason: Reason; random: number; waits: readonly (number | null)[] }>([
    // Transient: doubling up to a minute.
    { reason: 'PackageFetchFailed', random: 1, waits: [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000] },
    { reason: 'PackageFetchFailed', random: 0, waits: [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000] },
    // Waiting: somebody is at work, so it is looked at more often.
    { reason: 'CacheClearing', random: 1, waits: [1_000, 2_000, 4_000, 8_000, 15_000, 15_000] },
    // Stalled: only a change helps.
    { reason: 'PackageNotFound', random: 1, waits: [null, null] },
  ])('$reason with jitter $random: $waits', ({ reason, random, waits }) => {
    const retries = createRetries(createManualClock(0), () => random);
    const seen = waits.map(() => {
      retries.failed('key', failure(reason));
      return retries.of('key')?.retryMs;
    });
    expect(seen).toEqual(waits);
  });

  it('when its time has passed, for as long as it has not been tried', () => {
    const clock = createManualClock(0);
    const retries = createRetries(clock, () => 1);
    retries.failed('key', failure('PackageFetchFailed'));
    clock.advance(5_000);
    expect(retries.of('key')).toEqual({ failure: failure('PackageFetchFailed'), retryMs: 0 });
  });

  it('as if for the first time after a success, each key by itself', () => {
    const retries = createRetries(createManualClock(0), () => 1);
    for (const key of ['a', 'a', 'b']) retries.failed(key, failure('PackageFetchFailed'));
    retries.succeeded('a');
    expect([retries.of('a'), retries.of('b')?.retryMs]).toEqual([null, 1_000]);
    retries.failed('a', failure('PackageFetchFailed'));
    expect(retries.of('a')?.retryMs).toBe(1_000);
    retries.clear();
    expect([retries.of('a'), retries.of('b')]).toEqual([null, null]);
  });
});
