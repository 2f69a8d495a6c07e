import type { Clock } from '../../model/clock.js';

const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
/** A keeper that ran this long, in ms, did not end because of its start. */
const LASTED_MS = 90_000;

export interface KeeperStarts {
  /** Records that a start begins. */
  note(): void;
  /** How long the next start has to wait, in ms. */
  waitMs(): number;
}

/**
 * Counts consecutive starts of a keeper: the second follows at once, and each later one after a longer wait (law 8).
 */
export function createKeeperStarts(clock: Clock): KeeperStarts {
  let count = 0;
  let lastAt = -Infinity;
  return {
    note() {
      count = clock.now() - lastAt > LASTED_MS ? 1 : count + 1;
      lastAt = clock.now();
    },
    waitMs() {
      const wait = count < 2 ? 0 : Math.min(LONGEST_MS, FIRST_MS * 2 ** (count - 2));
      return Math.max(0, lastAt + wait - clock.now());
    },
  };
}
