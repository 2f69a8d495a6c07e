import type { Clock } from '../../model/clock.js';

const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
/** A keeper that lived this long did not end because of its start. */
const LASTED_MS = 90_000;

/** Starts of a keeper in a row: twice at once, then later and later (law 8). */
export function createKeeperStarts(clock: Clock): { note(): void; waitMs(): number } {
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
