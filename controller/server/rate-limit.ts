import type { Clock } from '../model/clock.js';

export interface RateLimit {
  /** How many requests may come at once, after a rest. */
  readonly burst: number;
  /** How many requests may come in a second from then on; a whole number. */
  readonly perSecond: number;
  /** How many keys are remembered. */
  readonly keys: number;
}

export interface RateLimiter {
  /** 0: the request is let in and counted. Otherwise it is not, and the number of seconds to wait is given. */
  take(key: string): number;
}

interface Bucket {
  /** The tokens left, in thousandths: whole numbers add up exactly. */
  level: number;
  /** When `level` was computed, in ms since the epoch. */
  at: number;
}

const ONE = 1_000;

/** Keeps a bucket of tokens for each key. */
export function createRateLimiter({ burst, perSecond, keys }: RateLimit, clock: Pick<Clock, 'now'>): RateLimiter {
  const full = burst * ONE;
  /** In the order of their last use, the oldest first. */
  const buckets = new Map<string, Bucket>();

  /** Refills a key's bucket, and moves it to the end of the order. */
  function use(key: string): Bucket {
    const now = clock.now();
    const last = buckets.get(key) ?? { level: full, at: now };
    // A clock that was set back refills nothing, and no key has to wait until it has caught up.
    const passed = Math.max(0, now - last.at);
    const bucket = { level: Math.min(full, last.level + passed * perSecond), at: now };
    buckets.delete(key);
    buckets.set(key, bucket);
    return bucket;
  }

  /** Forgets the bucket that is longest unused: it has refilled most, and loses least. */
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
