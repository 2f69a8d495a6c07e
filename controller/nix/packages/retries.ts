import type { Clock } from '../../model/clock.js';
import { failureClass, type Failure } from '../../model/reasons.js';

const FIRST_MS = 1_000;
const LONGEST_MS = { transient: 60_000, waiting: 15_000 } as const;

export interface FailedBefore {
  readonly failure: Failure;
  /** In ms from now; 0: now. Null: not before something changes. */
  readonly retryMs: number | null;
}

/** Failures by key, and when each is worth another try (law 9): doubling with jitter, for ever where only a change helps. */
export function createRetries(clock: Clock, random: () => number) {
  const failures = new Map<
    string,
    { readonly failure: Failure; readonly count: number; readonly retryAt: number | null }
  >();
  return {
    failed(key: string, failure: Failure): void {
      const count = (failures.get(key)?.count ?? 0) + 1;
      const kind = failureClass(failure.reason);
      const whole = kind === 'stalled' ? 0 : Math.min(LONGEST_MS[kind], FIRST_MS * 2 ** Math.min(count - 1, 20));
      failures.set(key, {
        failure,
        count,
        retryAt: kind === 'stalled' ? null : clock.now() + Math.round(whole * (0.5 + random() / 2)),
      });
    },
    succeeded: (key: string) => void failures.delete(key),
    of(key: string): FailedBefore | null {
      const found = failures.get(key);
      if (found === undefined) return null;
      return {
        failure: found.failure,
        retryMs: found.retryAt === null ? null : Math.max(0, found.retryAt - clock.now()),
      };
    },
    clear: () => failures.clear(),
  };
}
