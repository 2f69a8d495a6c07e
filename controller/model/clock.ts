/** Time comes in from outside, so that tests and simulations move it. */
export interface Clock {
  /** Milliseconds since the epoch. */
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

/** As `clock.after`, unless `signal` aborts before: then nothing of it is left, and no timer keeps the process. */
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
