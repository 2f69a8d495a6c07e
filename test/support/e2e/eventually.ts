export interface Deadline {
  /** Milliseconds, on a quiet machine of two cores. */
  readonly withinMs: number;
}

/** Deadlines are for failures: a machine that is so many times slower, or as busy, must not turn into one. */
export const PATIENCE = 5;

/** After the first looks the pauses grow. */
const PAUSE_MS = { first: 40, growth: 1.2, last: 120 };
/** Many a look is a command in a container, which takes more time of the processor than what it waits for. */
const PAUSE_TO_LOOK = 2;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Calls `look` again and again until it does not throw, and gives what it gave. At the deadline the last error is the
 * test's: write `look` with `expect`, and the message tells what was missing.
 */
export async function eventually<T>(look: () => T | Promise<T>, { withinMs }: Deadline): Promise<T> {
  const deadline = performance.now() + PATIENCE * withinMs;
  for (let pauseMs = PAUSE_MS.first; ; pauseMs = Math.min(PAUSE_MS.last, pauseMs * PAUSE_MS.growth)) {
    const began = performance.now();
    try {
      return await look();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    const tookMs = performance.now() - began;
    await new Promise((resolve) =>
      setTimeout(resolve, Math.max(pauseMs, Math.min(LONGEST_PAUSE_MS, PAUSE_TO_LOOK * tookMs))),
    );
  }
}
