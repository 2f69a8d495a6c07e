/** Waits that grow with the failures of a key. */
export interface Backoff {
  /** Milliseconds to wait after one more failure of `key`. */
  next(key: string): number;
  /** Failures of `key` in a row. */
  failures(key: string): number;
  reset(key: string): void;
}

export interface BackoffOptions {
  readonly firstMs: number;
  readonly longestMs: number;
  /** In [0, 1); seeded in tests. */
  readonly random: () => number;
}

/**
 * Doubles from `firstMs` to `longestMs`, with jitter between half and the whole: keys that failed together do not come
 * back together.
 */
export function createBackoff({ firstMs, longestMs, random }: BackoffOptions): Backoff {
  const counts = new Map<string, number>();
  return {
    next(key) {
      const count = counts.get(key) ?? 0;
      counts.set(key, count + 1);
      const whole = Math.min(longestMs, firstMs * 2 ** Math.min(count, 30));
      return Math.round(whole * (0.5 + random() / 2));
    },
    failures: (key) => counts.get(key) ?? 0,
    reset: (key) => void counts.delete(key),
  };
}
