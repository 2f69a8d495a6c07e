/** The source of time. It is passed in, so that tests and simulations can control it. */
export interface Clock {
  /** The current time in ms since the epoch. */
  now(): number;
  /** Runs `task` once after `ms` milliseconds; the returned function cancels it. */
  after(ms: number, task: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};

/**
 * Does the same as `clock.after`, unless `signal` aborts before; then the timer is removed and does not keep the
 * process alive.
 */
export function later(clock: Clock, ms: number, signal: AbortSignal | undefined, task: () => void): void {
  if (signal?.aborted) return;
  const cancel = clock.after(ms, () => {
    signal?.removeEventListener('abort', cancel);
    task();
  });
  signal?.addEventListener('abort', cancel, { once: true });
}

/** Resolves after `ms`, or at once when `signal` aborts. */
export function delay(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** A longer timer is looked at in between, because the clock may be set. */
const LONGEST_WAIT_MS = 3_600_000;
const SHORTEST_WAIT_MS = 1_000;

/** Calls `look` at `at` (ms since the epoch), or before it to look again; not after `signal` or the result aborts. */
export function lookAt(clock: Clock, at: number, signal: AbortSignal | undefined, look: () => void): AbortController {
  const timer = new AbortController();
  const waitMs = Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, at - clock.now()));
  later(clock, waitMs, AbortSignal.any([timer.signal, ...(signal === undefined ? [] : [signal])]), look);
  return timer;
}
