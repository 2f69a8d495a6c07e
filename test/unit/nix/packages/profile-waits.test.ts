import { describe, expect, it } from '@jest/globals';
import { createProfileWaits } from '../../../../controller/nix/packages/profile-waits.js';
import { createManualClock } from '../../../support/manual-clock.js';
import { settle } from './fake-keeper.js';

describe('a start that waits for its profile', () => {
  it.each([
    { what: 'goes on at once when it is there', held: 'key', waitMs: 0, after: () => undefined, inPlace: true },
    { what: 'does not wait when it may not', held: null, waitMs: 0, after: () => undefined, inPlace: false },
    { what: 'gives up in time', held: null, waitMs: 500, after: (one: Wait) => one.clock.advance(500), inPlace: false },
    {
      what: 'goes on when it is switched',
      held: null,
      waitMs: 500,
      after: (one: Wait) => one.switch('key'),
      inPlace: true,
    },
    {
      what: 'is told when it will not be',
      held: null,
      waitMs: 500,
      after: (one: Wait) => one.switch(null),
      inPlace: false,
    },
    {
      what: 'is told of another one',
      held: 'old',
      waitMs: 500,
      after: (one: Wait) => one.switch('other'),
      inPlace: false,
    },
  ])('$what', async ({ held, waitMs, after, inPlace }) => {
    const wait = open(held);
    const result = wait.waits.inPlace('alice', 'key', waitMs);
    after(wait);
    expect(await result).toBe(inPlace);
  });

  it('waits until then', async () => {
    const wait = open(null);
    let isOver = false;
    void wait.waits.inPlace('alice', 'key', 500).then(() => (isOver = true));
    wait.clock.advance(499);
    wait.waits.wake('bob');
    await settle();
    expect(isOver).toBe(false);
    wait.switch('key');
    await settle();
    expect(isOver).toBe(true);
  });
});

type Wait = ReturnType<typeof open>;

function open(held: string | null) {
  let key = held;
  const clock = createManualClock(0);
  const waits = createProfileWaits(clock, () => key);
  return {
    clock,
    waits,
    switch(to: string | null) {
      key = to;
      waits.wake('alice');
    },
  };
}
