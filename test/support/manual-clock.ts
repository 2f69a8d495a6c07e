import type { Clock } from '../../controller/model/clock.js';

/** Time that moves only when a test says so. */
export interface ManualClock extends Clock {
  /** Moves on by `ms`, and runs what falls due on the way in its order. */
  advance(ms: number): void;
}

export function createManualClock(startMs: number = Date.now()): ManualClock {
  let nowMs = startMs;
  let tasks: { readonly dueMs: number; readonly task: () => void }[] = [];
  return {
    now: () => nowMs,
    after(ms, task) {
      const entry = { dueMs: nowMs + ms, task };
      tasks.push(entry);
      return () => {
        tasks = tasks.filter((other) => other !== entry);
      };
    },
    advance(ms) {
      const endMs = nowMs + ms;
      for (;;) {
        const next = tasks.filter((entry) => entry.dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs)[0];
        if (!next) break;
        tasks = tasks.filter((entry) => entry !== next);
        nowMs = Math.max(nowMs, next.dueMs);
        next.task();
      }
      nowMs = endMs;
    },
  };
}
