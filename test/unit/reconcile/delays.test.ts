import { describe, expect, it } from '@jest/globals';
import { createDelays, type Delays } from '../../../controller/reconcile/delays.js';
import { createManualClock } from '../../support/manual-clock.js';

describe('delays', () => {
  it.each<[string, (delays: Delays, due: (label: string) => () => void) => void, readonly string[]]>([
    ['come when they are due', (delays, due) => delays.set('a', 500, due('a')), ['a @500']],
    [
      'of one key: the earlier wins',
      (delays, due) => (delays.set('a', 900, due('late')), delays.set('a', 200, due('early'))),
      ['early @200'],
    ],
    [
      'of one key: a later one changes nothing',
      (delays, due) => (delays.set('a', 200, due('early')), delays.set('a', 900, due('late'))),
      ['early @200'],
    ],
    ['that are cancelled never come', (delays, due) => (delays.set('a', 200, due('a')), delays.cancel('a')), []],
    [
      'are all cancelled at once',
      (delays, due) => (delays.set('a', 200, due('a')), delays.set('b', 300, due('b')), delays.cancelAll()),
      [],
    ],
  ])('%s', (_what, act, expected) => {
    const clock = createManualClock(0);
    const delays = createDelays(clock);
    const seen: string[] = [];
    act(delays, (label) => () => void seen.push(`${label} @${clock.now()}`));
    clock.advance(1_000);
    expect([seen, delays.count(), delays.has('a')]).toEqual([expected, 0, false]);
  });
});
