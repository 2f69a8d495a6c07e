import type { Clock } from '../model/clock.js';

/** Keys that wait for a time. A key waits at most once, and the earlier of two times counts. */
export interface Delays {
  /** Calls `onDue` in `ms` milliseconds, unless `key` already waits for an earlier time. */
  set(key: string, ms: number, onDue: () => void): void;
  cancel(key: string): void;
  cancelAll(): void;
  has(key: string): boolean;
  count(): number;
}

/** Creates delays on `clock`; none at first. */
export function createDelays(clock: Clock): Delays {
  const waiting = new Map<string, { readonly at: number; readonly cancel: () => void }>();

  function cancel(key: string): void {
    waiting.get(key)?.cancel();
    waiting.delete(key);
  }

  return {
    set(key, ms, onDue) {
      const at = clock.now() + ms;
      const earlier = waiting.get(key);
      if (earlier !== undefined && earlier.at <= at) return;
      cancel(key);
      const task = () => {
        waiting.delete(key);
        onDue();
      };
      waiting.set(key, { at, cancel: clock.after(ms, task) });
    },
    cancel,
    cancelAll: () => [...waiting.keys()].forEach(cancel),
    has: (key) => waiting.has(key),
    count: () => waiting.size,
  };
}
