import { describe, expect, it } from '@jest/globals';
import { profileState } from '../../../../controller/nix/packages/profile-state.js';
import { throttled } from '../../../../controller/nix/packages/throttled.js';
import { createManualClock } from '../../../support/manual-clock.js';

describe('the state of a profile', () => {
  it.each([
    { packages: ['hello'], held: null, hasInventory: false, state: 'unknown' },
    { packages: ['hello'], held: 'wanted', hasInventory: false, state: 'unknown' },
    { packages: ['hello'], held: 'wanted', hasInventory: true, state: 'ready' },
    { packages: ['hello'], held: 'other', hasInventory: true, state: 'old' },
    { packages: ['hello'], held: null, hasInventory: true, state: 'none' },
    // Without packages nothing has to be linked, but an old profile has to go.
    { packages: [], held: null, hasInventory: true, state: 'ready' },
    { packages: [], held: 'other', hasInventory: true, state: 'old' },
  ])('for $packages, holding $held, told: $hasInventory, is $state', ({ packages, held, hasInventory, state }) => {
    expect(profileState({ packages }, held, 'wanted', hasInventory)).toBe(state);
  });
});

describe('what is throttled', () => {
  it('passes on the first value and then one a period', () => {
    const clock = createManualClock(0);
    const told: number[] = [];
    const tell = throttled<number>(clock, 100, (value) => told.push(value));
    for (let at = 0; at <= 250; at += 50) {
      tell(at);
      clock.advance(50);
    }
    expect(told).toEqual([0, 100, 200]);
  });
});
