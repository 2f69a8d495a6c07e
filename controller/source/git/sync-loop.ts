import { delay, type Clock } from '../../model/clock.js';

/** Why a source is looked at. */
export type SyncTrigger = 'start' | 'interval' | 'hook' | 'local' | 'request' | 'resume';

export interface SyncLoop {
  run(): Promise<void>;
  /** Look now; calls that come while it looks meet in one look more. */
  sync(trigger: SyncTrigger): void;
}

export interface SyncLoopOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly intervalMs: number;
  /** One look; gives how many in a row have failed. Never throws. */
  readonly poll: (trigger: SyncTrigger) => Promise<number>;
}

const FIRST_RETRY_MS = 2_000;
/** As much of an interval longer or shorter, by chance: many controllers do not ask at once. */
const JITTER = 0.1;

/** Looks one after the other: on an interval, sooner after a failure, and when told to. */
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
      // A hook says more than the others.
      if (due !== 'hook') due = trigger;
      wake?.abort();
    },
  };
}
