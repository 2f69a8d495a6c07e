import type { Clock } from '../../model/clock.js';

/** Passes the first value on at once, and then at most one in `everyMs`; the values between are dropped. */
export function throttled<T>(clock: Clock, everyMs: number, tell: (value: T) => void): (value: T) => void {
  let toldAt = -Infinity;
  return (value) => {
    if (clock.now() - toldAt < everyMs) return;
    toldAt = clock.now();
    tell(value);
  };
}
