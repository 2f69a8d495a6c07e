import type { Clock } from '../model/clock.js';

export interface RateLimit {
  /** So many at once, after a rest. */
  readonly burst: number;
  /** A whole number. */
  readonly perSecond: number;
  /** So many keys are remembered. */
  readonly keys: number;
}

export interface RateLimiter {
  /** 0: let in, and counted. More: not let in, and not before so many whole seconds are over. */
  take(key: string): number;
}

interface Bucket {
  /** In thousandths: whole numbers add up exactly. */
  level: number;
  /** When `level` was true, ms since the epoch. */
  at: number;
}

const ONE = 1_000;

/** A bucket of tokens for each key. */
export function createRateLimiter({ burst, perSecond, keys }: RateLimit, clock: Pick<Clock, 'now'>): RateLimiter {
  const full = burst * ONE;
  /** By their last use, the oldest first. */
  const buckets = new Map<string, Bucket>();

  /** Brings a key's bucket up to date, and to the end of the row. */
  function use(key: string): Bucket {
    const now = clock.now();
    const last = buckets.get(key) ?? { level: full, at: now };
    // A clock that was set back refills nothing, and nothing has to wait until it has caught up.
    const passed = Math.max(0, now - last.at);
    const bucket = { level: Math.min(full, last.level + passed * perSecond), at: now };
    buckets.delete(key);
    buckets.set(key, bucket);
    return bucket;
  }

  /** The bucket that is longest unused has refilled most: it loses the least by being forgotten. */
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
