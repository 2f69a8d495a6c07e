import type { QueueItem, WorkQueue } from './queue.js';

/**
 * Starts `count` loops that process keys until the queue closes; resolves when all have ended. `work` handles its own
 * failures. An error that it throws is a bug; it is passed to `onFault` and does not end the loop.
 */
export function startWorkers(
  count: number,
  queue: WorkQueue,
  work: (item: QueueItem) => Promise<void>,
  onFault: (key: string, fault: unknown) => void,
): Promise<void> {
  const loop = async () => {
    for (;;) {
      const item = await queue.take();
      if (item === null) return;
      try {
        await work(item);
      } catch (fault) {
        onFault(item.key, fault);
      } finally {
        queue.done(item.key);
      }
    }
  };
  return Promise.all(Array.from({ length: count }, loop)).then(() => undefined);
}
