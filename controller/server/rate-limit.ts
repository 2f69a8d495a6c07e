import type { Clock } from '../model/clock.js';

export interface RateLimit {
  /** How many requests may come at once after a pause. */
  readonly burst: number;
  /** How many requests per second may come from then on; a whole number. */
  readonly perSecond: number;
  /** The largest number of remembered keys. */
  readonly keys: number;
}

export interface RateLimiter {
  /** Returns 0 when the request is accepted, and counts it; otherwise returns the number of seconds to wait. */
  take(key: string): number;
}

interface Bucket {
  /** The remaining tokens in thousandths, because whole numbers add up exactly. */
  level: number;
  /** When `level` was computed, in ms since the epoch. */
  at: number;
}

const ONE = 1_000;

/** Creates a rate limiter with one bucket of tokens per key. */
export function createRateLimiter({ burst, perSecond, keys }: RateLimit, clock: Pick<Clock, 'now'>): RateLimiter {
  const full = burst * ONE;
  /** The buckets in the order of their last use, the oldest first. */
  const buckets = new Map<string, Bucket>();

  /** Refills the bucket of a key and moves it to the end of the order. */
  function use(key: string): Bucket {
    const now = clock.now();
    const last = buckets.get(key) ?? { level: full, at: now };
    // When the clock was set back, nothing is refilled, and no key has to wait until it has caught up.
    const passed = Math.max(0, now - last.at);
    const bucket = { level: Math.min(full, last.level + passed * perSecond), at: now };
    buckets.delete(key);
    buckets.set(key, bucket);
    return bucket;
  }

  /** Forgets the bucket that was not used for the longest time: it is the fullest one, so the least is lost. */
  function forgetOldest(): void {
    const oldest = buckets.keys().next();
    if (buckets.size > keys && oldest.done !== true) buckets.delete(oldest.value);
  }

  return {
    take(key) {
      const bucket = use(key);
      forgetOldest();
      if (bucket.level < ONE) return Math.ceil((ONE - bucket.level) / (perSecond * 1_000));
      bucket.level -= ONE;
      return 0;
    },
  };
}
