import type { Clock } from '../../model/clock.js';

const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
/** A keeper that lived this long did not end because of its start. */
const LASTED_MS = 90_000;

export interface KeeperStarts {
  /** A start is under way. */
  note(): void;
  /** How long the next start has to wait, ms. */
  waitMs(): number;
}

/** Starts of a keeper in a row: the second follows at once, each one after it later than the one before (law 8). */
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
