/** Computes delays that grow with the failures of a key. */
export interface Backoff {
  /** The delay in ms after one more failure of `key`. */
  next(key: string): number;
  /** The number of failures of `key` in a row. */
  failures(key: string): number;
  reset(key: string): void;
}

export interface BackoffOptions {
  readonly firstMs: number;
  readonly longestMs: number;
  /** Returns a number in [0, 1); seeded in tests. */
  readonly random: () => number;
}

/**
 * Creates a backoff that doubles from `firstMs` to `longestMs`, with a jitter between half and the whole delay, so that
 * keys that failed together are not retried together.
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
