import { setImmediate as nextTurn } from 'node:timers/promises';

/** Awaited between pieces of work. It yields to the event loop after a long stretch of work, and rejects on abort. */
export type Breathe = () => Promise<void>;

const STRETCH_MS = 12;

/** Creates a `Breathe` that yields to the event loop every 12 ms; it rejects when `signal` has aborted. */
export function createPacer(signal?: AbortSignal): Breathe {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < STRETCH_MS) return;
    await nextTurn();
    signal?.throwIfAborted();
    since = performance.now();
  };
}

/** Runs `task` for all items, at most `limit` at once; resolves with the results in the order of the items. */
export async function mapLimit<T, R>(items: readonly T[], limit: number, task: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  const entries = items.entries();
  const worker = async () => {
    for (const [index, item] of entries) results[index] = await task(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
