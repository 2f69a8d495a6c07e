import { randomUUID } from 'node:crypto';
import type { CallOptions } from '../docker/port.js';
import type { Clock } from '../model/clock.js';
import { failureClass } from '../model/reasons.js';
import type { EngineView } from '../observe/engine-view.js';
import type { Backoff } from './backoff.js';
import type { CacheReconciler, ControllerListener } from './interfaces.js';
import type { QueueItem, WorkQueue } from './queue.js';

const PREFIX = '#cache:';
/** Workspaces wait for a keeper, so it is retried sooner than they are. */
const LONGEST_RETRY_MS = 30_000;

/** The queue's key of a cache. No workspace's name holds a colon, so the two never meet. */
export function cacheKey(cache: string): string {
  return `${PREFIX}${cache}`;
}

/** The cache that `key` names; null when it is the key of something else. */
export function cacheOfKey(key: string): string | null {
  return key.startsWith(PREFIX) ? key.slice(PREFIX.length) : null;
}

/** What reconciling a cache needs. */
export interface CacheReconcilerDependencies {
  readonly clock: Clock;
  readonly view: EngineView;
  readonly caches: CacheReconciler;
  readonly queue: WorkQueue;
  readonly backoff: Backoff;
  readonly listener: ControllerListener;
  readonly calls: CallOptions;
}

/** Reconciles one cache and reports the result; what is left to do is queued. Throws `EngineError`. */
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
