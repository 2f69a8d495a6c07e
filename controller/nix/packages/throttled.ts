import type { Clock } from '../../model/clock.js';

/**
 * Returns a function that passes the first value to `onValue` at once and then at most one value per `everyMs`; the
 * values in between are dropped.
 */
export function throttled<T>(clock: Clock, everyMs: number, onValue: (value: T) => void): (value: T) => void {
  let passedAt = -Infinity;
  return (value) => {
    if (clock.now() - passedAt < everyMs) return;
    passedAt = clock.now();
    onValue(value);
  };
}
