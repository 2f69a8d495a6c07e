import type { Clock } from '../model/clock.js';
import { createDelays } from './delays.js';

/** A key to reconcile, and the reason. */
export interface QueueItem {
  readonly key: string;
  /** What requested it: `spec`, `event`, `resync`, `retry` and others, joined by `+`. */
  readonly trigger: string;
  /**
   * True when the engine was observed right before each request for this key, so that it need not be observed again.
   */
  readonly observed: boolean;
  readonly waitedSeconds: number;
}

/**
 * A queue of keys. A key waits at most once and is never worked on twice at the same time. When it is added while it is
 * worked on, it is worked on again afterwards (law 8; as in client-go's workqueue).
 */
export interface WorkQueue {
  add(key: string, trigger: string, observed?: boolean): void;
  /** Adds a key in `ms` milliseconds. The earlier of two delays of one key counts; `add` does not cancel it. */
  addAfter(key: string, trigger: string, ms: number): void;
  cancelDelay(key: string): void;
  /**
   * Resolves with the next key as soon as there is one and the queue is not held, or with null once the queue is
   * closed.
   */
  take(): Promise<QueueItem | null>;
  done(key: string): void;
  /** While the queue is held, `take` does not resolve. */
  hold(held: boolean): void;
  close(): void;
  isBusy(key: string): boolean;
  /** How many keys are waiting, being worked on, and delayed. */
  size(): { readonly waiting: number; readonly active: number; readonly delayed: number };
}

interface Entry {
  readonly triggers: Set<string>;
  observed: boolean;
  readonly since: number;
}

/** Creates an empty, open queue; delays run on `clock`. */
export function createQueue(clock: Clock): WorkQueue {
  const dirty = new Map<string, Entry>();
  const processing = new Set<string>();
  const delays = createDelays(clock);
  const takers: ((item: QueueItem | null) => void)[] = [];
  let held = false;
  let closed = false;

  function add(key: string, trigger: string, observed = false): void {
    if (closed) return;
    const entry = dirty.get(key);
    if (entry === undefined) dirty.set(key, { triggers: new Set([trigger]), observed, since: clock.now() });
    else {
      entry.triggers.add(trigger);
      entry.observed &&= observed;
    }
    serve();
  }

  function serve(): void {
    while (takers.length > 0 && !held) {
      const item = pop();
      if (item === null) return;
      takers.shift()?.(item);
    }
  }

  function pop(): QueueItem | null {
    for (const [key, entry] of dirty) {
      if (processing.has(key)) continue;
      dirty.delete(key);
      processing.add(key);
      return {
        key,
        trigger: [...entry.triggers].join('+'),
        observed: entry.observed,
        waitedSeconds: (clock.now() - entry.since) / 1_000,
      };
    }
    return null;
  }

  return {
    add,
    addAfter(key, trigger, ms) {
      if (!closed) delays.set(key, ms, () => add(key, trigger));
    },
    cancelDelay: delays.cancel,
    take() {
      if (closed) return Promise.resolve(null);
      return new Promise((resolve) => {
        takers.push(resolve);
        serve();
      });
    },
    done(key) {
      processing.delete(key);
      serve();
    },
    hold(value) {
      held = value;
      serve();
    },
    close() {
      closed = true;
      delays.cancelAll();
      dirty.clear();
      for (const taker of takers.splice(0)) taker(null);
    },
    isBusy: (key) => dirty.has(key) || processing.has(key) || delays.has(key),
    size: () => ({ waiting: dirty.size, active: processing.size, delayed: delays.count() }),
  };
}
