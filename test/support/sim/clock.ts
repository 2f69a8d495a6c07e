import type { Clock } from '../../../controller/model/clock.js';

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly task: () => void;
  cancelled: boolean;
}

/**
 * Virtual time for whole simulations: it moves only in `run`, and between two moments everything that can go on goes
 * on.
 */
export interface SimClock extends Clock {
  /** Moves on by `ms`, running what falls due in its order and draining all promises in between. */
  run(ms: number): Promise<void>;
  /** Moves on timer by timer until `done`, for `maxMs` at most; gives whether it came about. */
  runUntil(done: () => boolean, maxMs: number): Promise<boolean>;
  /** A clock whose timers all vanish with `revoke`: that of a process that can die. */
  lease(): { readonly clock: Clock; revoke(): void };
}

export function createSimClock(startMs = Date.UTC(2026, 0, 1)): SimClock {
  const heap: Timer[] = [];
  let nowMs = startMs;
  let count = 0;

  function add(ms: number, task: () => void): () => void {
    const timer: Timer = { dueMs: nowMs + Math.max(0, ms), order: count++, task, cancelled: false };
    push(heap, timer);
    return () => {
      timer.cancelled = true;
    };
  }

  /** Runs all timers of the next moment, when there is one before `endMs`. */
  function step(endMs: number): boolean {
    while (heap[0]?.cancelled) pop(heap);
    const first = heap[0];
    if (first === undefined || first.dueMs > endMs) return false;
    nowMs = Math.max(nowMs, first.dueMs);
    while (heap[0] !== undefined && (heap[0].cancelled || heap[0].dueMs <= nowMs)) {
      const timer = pop(heap);
      if (timer !== undefined && !timer.cancelled) timer.task();
    }
    return true;
  }

  return {
    now: () => nowMs,
    after: add,
    async run(ms) {
      const endMs = nowMs + ms;
      await drain();
      while (step(endMs)) await drain();
      nowMs = endMs;
    },
    async runUntil(done, maxMs) {
      const endMs = nowMs + maxMs;
      await drain();
      while (!done()) {
        if (!step(endMs)) return false;
        await drain();
      }
      return true;
    },
    lease() {
      let revoked = false;
      const after = (ms: number, task: () => void) => add(ms, () => revoked || task());
      return { clock: { now: () => nowMs, after }, revoke: () => void (revoked = true) };
    },
  };
}

/**
 * Lets every promise that can settle do so. The controller's own look into /proc is real I/O, so that is waited for as
 * well.
 */
async function drain(): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve));
  while (process.getActiveResourcesInfo().some((resource) => resource.startsWith('FSReq')));
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

function push(heap: Timer[], timer: Timer): void {
  let at = heap.push(timer) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(timer, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = timer;
}

function pop(heap: Timer[]): Timer | undefined {
  const [first] = heap;
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
    if (!isBefore(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
  return first;
}
