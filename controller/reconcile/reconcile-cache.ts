import { randomUUID } from 'node:crypto';
import type { CallOptions } from '../docker/port.js';
import type { Clock } from '../model/clock.js';
import { failureClass } from '../model/reasons.js';
import type { EngineView } from '../observe/engine-view.js';
import type { Backoff } from './backoff.js';
import type { CacheReconciler, ControllerListener } from './interfaces.js';
import type { QueueItem, WorkQueue } from './queue.js';

const PREFIX = '#cache:';
/** A keeper is what others wait for. */
const LONGEST_RETRY_MS = 30_000;

/** No workspace's name holds a colon. */
export function cacheKey(cache: string): string {
  return `${PREFIX}${cache}`;
}

export function cacheOfKey(key: string): string | null {
  return key.startsWith(PREFIX) ? key.slice(PREFIX.length) : null;
}

export interface CacheReconcilerDependencies {
  readonly clock: Clock;
  readonly view: EngineView;
  readonly caches: CacheReconciler;
  readonly queue: WorkQueue;
  readonly backoff: Backoff;
  readonly listener: ControllerListener;
  readonly calls: CallOptions;
}

/** One look at one cache; what is left to do comes back through the queue. */
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
