import { delay, type Clock } from '../../model/clock.js';

/** Why a source is polled. */
export type SyncTrigger = 'start' | 'interval' | 'hook' | 'local' | 'request' | 'resume';

export interface SyncLoop {
  run(): Promise<void>;
  /** Polls now; calls during a poll together cause one more poll. */
  sync(trigger: SyncTrigger): void;
}

export interface SyncLoopOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly intervalMs: number;
  /** Polls once; resolves with the number of polls that have failed in a row. Never rejects. */
  readonly poll: (trigger: SyncTrigger) => Promise<number>;
}

const FIRST_RETRY_MS = 2_000;
/**
 * The part of an interval by which it is randomly lengthened or shortened, so that controllers do not all poll at once.
 */
const JITTER = 0.1;

/** Creates a loop that polls one at a time: at an interval in ms, sooner after a failure, and when `sync` is called. */
export function createSyncLoop({ clock, random, signal, intervalMs, poll }: SyncLoopOptions): SyncLoop {
  let due: SyncTrigger | null = 'start';
  let wake: AbortController | null = null;

  function waitMs(failures: number): number {
    const ms = failures === 0 ? intervalMs : Math.min(intervalMs, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20));
    return ms * (1 - JITTER + 2 * JITTER * random());
  }

  return {
    async run() {
      while (!signal.aborted) {
        const trigger = due ?? 'interval';
        due = null;
        const failures = await poll(trigger);
        if (due !== null) continue;
        wake = new AbortController();
        await delay(clock, waitMs(failures), AbortSignal.any([wake.signal, signal]));
        wake = null;
      }
    },
    sync(trigger) {
      // A webhook says more than the other triggers, so it is not overwritten.
      if (due !== 'hook') due = trigger;
      wake?.abort();
    },
  };
}
