import type { Clock } from '../../model/clock.js';
import { failureClass, type Failure } from '../../model/reasons.js';

const FIRST_MS = 1_000;
const LONGEST_MS = { transient: 60_000, waiting: 15_000 } as const;

export interface FailedBefore {
  readonly failure: Failure;
  /** When the next attempt is due: in ms from now, 0 for now, null for not before something changes. */
  readonly retryMs: number | null;
}

/** The failures by key, and when each may be tried again. */
export interface Retries {
  failed(key: string, failure: Failure): void;
  succeeded(key: string): void;
  /** The last failure, or null when there was none since the last success. */
  of(key: string): FailedBefore | null;
  /** Forgets all failures. */
  clear(): void;
}

interface Failures {
  readonly failure: Failure;
  /** The number of failures in a row. */
  readonly count: number;
  /** When the next attempt is due, in ms since the epoch. */
  readonly retryAt: number | null;
}

/**
 * Creates the retries without any failure. The time before the next attempt doubles up to a limit, with jitter from
 * `random` (0 to 1), and attempts never end; a stalled failure waits for a change (law 9).
 */
export function createRetries(clock: Clock, random: () => number): Retries {
  const failures = new Map<string, Failures>();
  return {
    failed(key, failure) {
      const count = (failures.get(key)?.count ?? 0) + 1;
      failures.set(key, { failure, count, retryAt: nextTryAt(failure, count) });
    },
    succeeded: (key) => void failures.delete(key),
    of(key) {
      const found = failures.get(key);
      if (found === undefined) return null;
      const { failure, retryAt } = found;
      return { failure, retryMs: retryAt === null ? null : Math.max(0, retryAt - clock.now()) };
    },
    clear: () => failures.clear(),
  };

  function nextTryAt({ reason }: Failure, count: number): number | null {
    const kind = failureClass(reason);
    if (kind === 'stalled') return null;
    const whole = Math.min(LONGEST_MS[kind], FIRST_MS * 2 ** Math.min(count - 1, 20));
    return clock.now() + Math.round(whole * (0.5 + random() / 2));
  }
}
