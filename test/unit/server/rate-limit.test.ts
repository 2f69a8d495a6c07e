import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createRateLimiter, type RateLimit } from '../../../controller/server/rate-limit.js';
import { createManualClock } from '../../support/manual-clock.js';

const LIMIT: RateLimit = { burst: 3, perSecond: 1, keys: 3 };

/** What each take gives; a number lets so many ms pass. */
function takes(steps: readonly (string | number)[], limit = LIMIT): number[] {
  const clock = createManualClock(1_000_000);
  const limiter = createRateLimiter(limit, clock);
  return steps.flatMap((step) => {
    if (typeof step === 'string') return [limiter.take(step)];
    clock.advance(step);
    return [];
  });
}

describe('a bucket', () => {
  it.each<[string, (string | number)[], number[]]>([
    ['lets a burst in and then no more', ['a', 'a', 'a', 'a'], [0, 0, 0, 1]],
    ['lets one in after a second', ['a', 'a', 'a', 999, 'a', 1, 'a', 'a'], [0, 0, 0, 1, 0, 1]],
    [
      'adds up the parts of a second, asked for meanwhile or not',
      ['a', 'a', 'a', 300, 'a', 300, 'a', 400, 'a'],
      [0, 0, 0, 1, 1, 0],
    ],
    ['never holds more than a burst', ['a', 3_600_000, 'a', 'a', 'a', 'a'], [0, 0, 0, 0, 1]],
    ['is of one key alone', ['a', 'a', 'a', 'a', 'b', 'a'], [0, 0, 0, 1, 0, 1]],
    ['is not made smaller by what is not let in', ['a', 'a', 'a', 'a', 'a', 'a', 1_000, 'a'], [0, 0, 0, 1, 1, 1, 0]],
    ['refills on when the clock was set back', ['a', 'a', 'a', -3_600_000, 'a', 1_000, 'a', 'a'], [0, 0, 0, 1, 0, 1]],
    [
      'is forgotten when more others were used since than are remembered',
      ['a', 'a', 'a', 'b', 'c', 'd', 'a'],
      [0, 0, 0, 0, 0, 0, 0],
    ],
    ['is remembered while its key keeps asking', ['a', 'a', 'a', 'b', 'c', 'a', 'd', 'a'], [0, 0, 0, 0, 0, 1, 0, 1]],
  ])('%s', (_what, steps, given) => expect(takes(steps)).toEqual(given));

  it('says for how many seconds to stay away', () => {
    expect(takes(['a', 'a', 'a', 1, 'a'], { ...LIMIT, perSecond: 2 })).toEqual([0, 0, 0, 1]);
    expect(takes(['a', 'a', 10, 'a'], { ...LIMIT, burst: 1 })).toEqual([0, 1, 1]);
  });
});

describe('any history', () => {
  const limits = fc.record({
    burst: fc.integer({ min: 1, max: 5 }),
    perSecond: fc.integer({ min: 1, max: 4 }),
    keys: fc.constant(3),
  });
  const histories = fc.array(
    fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      passed: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2_000 })),
    }),
    { maxLength: 80 },
  );

  it('lets no key in more often than its burst and its rate allow, in any window of time', () => {
    const property = fc.property(limits, histories, (limit, history) => {
      const clock = createManualClock(0);
      const limiter = createRateLimiter(limit, clock);
      const entries = new Map<string, number[]>();
      for (const { key, passed } of history) {
        clock.advance(passed);
        if (limiter.take(key) === 0) entries.set(key, [...(entries.get(key) ?? []), clock.now()]);
      }
      for (const times of entries.values()) {
        for (const [first, from] of times.entries()) {
          for (const [last, to] of times.entries()) {
            if (last >= first)
              expect(last - first + 1).toBeLessThanOrEqual(limit.burst + ((to - from) * limit.perSecond) / 1_000);
          }
        }
      }
    });
    fc.assert(property, { seed: 20261125, numRuns: 500 });
  });

  it('lets in whoever stays away as long as told', () => {
    const property = fc.property(limits, histories, (limit, history) => {
      const clock = createManualClock(0);
      const limiter = createRateLimiter(limit, clock);
      for (const { key, passed } of history) {
        clock.advance(passed);
        const seconds = limiter.take(key);
        if (seconds === 0) continue;
        clock.advance(seconds * 1_000);
        expect(limiter.take(key)).toBe(0);
      }
    });
    fc.assert(property, { seed: 20261125, numRuns: 500 });
  });
});
