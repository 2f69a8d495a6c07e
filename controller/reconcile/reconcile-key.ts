import type { Loop } from './loop.js';
import type { QueueItem } from './queue.js';
import { cacheOfKey, reconcileCache } from './reconcile-cache.js';
import { reconcileShared, SHARED_KEY } from './reconcile-shared.js';
import { reconcileWorkspace } from './reconcile-workspace.js';

/**
 * Creates the function with which the workers process a key. The shared objects come before any key that is taken after
 * them, so that no workspace starts while its network is being created. An engine failure is retried with backoff; an
 * unexpected error is thrown.
 */
export function createKeyReconciler(loop: Loop): (item: QueueItem) => Promise<void> {
  const { queue, listener } = loop;
  let sharedRun: Promise<void> = Promise.resolve();

  async function reconcile(item: QueueItem): Promise<void> {
    if (item.key === SHARED_KEY) {
      sharedRun = reconcileShared(item, loop);
      return sharedRun;
    }
    await sharedRun.catch(() => undefined);
    const cache = cacheOfKey(item.key);
    return cache === null ? reconcileWorkspace(item, loop) : reconcileCache(item, cache, loop);
  }

  return async (item) => {
    listener.queueWaited(item.waitedSeconds);
    try {
      await reconcile(item);
    } catch (error) {
      if (loop.signal.aborted) return;
      const failure = loop.classify(error);
      listener.retried(item.key, failure.reason);
      if (failure.reason === 'EngineUnreachable') loop.requestList();
      queue.addAfter(item.key, 'retry', loop.backoff.next(item.key));
    } finally {
      const { waiting, active } = queue.size();
      listener.queueChanged({ depth: waiting, active: active - 1 });
    }
  };
}
