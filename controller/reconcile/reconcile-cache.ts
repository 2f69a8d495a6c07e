import { randomUUID } from 'node:crypto';
import type { CallOptions } from '../docker/port.js';
import type { Clock } from '../model/clock.js';
import { failureClass } from '../model/reasons.js';
import type { EngineView } from '../observe/engine-view.js';
import type { Backoff } from './backoff.js';
import type { CacheReconciler, ControllerListener } from './interfaces.js';
import type { QueueItem, WorkQueue } from './queue.js';

const PREFIX = '#cache:';
/**
 * The longest retry delay of a cache, in ms. It is shorter than that of workspaces, because they wait for the keeper.
 */
const LONGEST_RETRY_MS = 30_000;

/** The queue key of a cache. The name of a workspace never contains a colon, so the two never collide. */
export function cacheKey(cache: string): string {
  return `${PREFIX}${cache}`;
}

/** The cache that `key` names, or null when `key` is not the key of a cache. */
export function cacheOfKey(key: string): string | null {
  return key.startsWith(PREFIX) ? key.slice(PREFIX.length) : null;
}

/** The dependencies of a cache's reconciliation. */
export interface CacheReconcilerDependencies {
  readonly clock: Clock;
  readonly view: EngineView;
  readonly caches: CacheReconciler;
  readonly queue: WorkQueue;
  readonly backoff: Backoff;
  readonly listener: ControllerListener;
  readonly calls: CallOptions;
}

/** Reconciles one cache, reports the result and queues the remaining work. Throws `EngineError`. */
export async function reconcileCache(item: QueueItem, cache: string, deps: CacheReconcilerDependencies): Promise<void> {
  const { clock, view, caches, queue, backoff, listener, calls } = deps;
  const startedAt = clock.now();
  queue.cancelDelay(item.key);
  if (!item.observed) await view.refreshShared(calls);
  const { operations, failure, recheckMs } = await caches.reconcile(cache, calls);
  if (operations > 0) await view.refreshShared(calls);
  if (failure === null) {
    backoff.reset(item.key);
    if (recheckMs === 0) queue.add(item.key, 'verify', true);
    else if (recheckMs !== null) queue.addAfter(item.key, 'recheck', recheckMs);
  } else {
    listener.retried(item.key, failure.reason);
    queue.addAfter(item.key, 'retry', Math.min(LONGEST_RETRY_MS, Math.max(recheckMs ?? 0, backoff.next(item.key))));
  }
  const result = failure === null ? 'success' : failureClass(failure.reason);
  listener.reconciled({
    kind: 'cache',
    key: cache,
    reconcileId: randomUUID(),
    trigger: item.trigger,
    result,
    operations,
    failure,
    seconds: (clock.now() - startedAt) / 1_000,
  });
}
