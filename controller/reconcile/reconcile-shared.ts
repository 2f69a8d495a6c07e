import { randomUUID } from 'node:crypto';
import type { CallOptions } from '../docker/port.js';
import type { Clock } from '../model/clock.js';
import { failureClass, type Failure } from '../model/reasons.js';
import type { EngineView } from '../observe/engine-view.js';
import { planShared } from '../plan/shared.js';
import type { Backoff } from './backoff.js';
import type { Execute, ControllerListener } from './interfaces.js';
import type { QueueItem, WorkQueue } from './queue.js';
import type { ControllerState } from './state.js';

/** The queue key of the shared objects. */
export const SHARED_KEY = '#shared';

/** The dependencies of the reconciliation of shared objects. */
export interface SharedReconcilerDependencies {
  readonly clock: Clock;
  readonly state: ControllerState;
  readonly view: EngineView;
  readonly execute: Execute;
  readonly queue: WorkQueue;
  readonly backoff: Backoff;
  readonly listener: ControllerListener;
  readonly calls: CallOptions;
}

/** Creates the network and the volumes that workspaces share, and reports the result. Throws `EngineError`. */
export async function reconcileShared(item: QueueItem, deps: SharedReconcilerDependencies): Promise<void> {
  const { clock, state, view, execute, queue, backoff, listener, calls } = deps;
  const startedAt = clock.now();
  if (!item.observed) await view.refreshShared(calls);
  const { operations, failures } = planShared({
    workspaces: state.desired.workspaces.values(),
    caches: state.desired.caches,
    volumes: view.volumes,
    networks: view.networks,
  });
  const failure = (await executeAll()) ?? failures[0] ?? null;
  if (operations.length > 0) {
    await view.refreshShared(calls);
    for (const name of state.waiting) queue.add(name, 'shared', true);
  }
  if (failure === null) backoff.reset(SHARED_KEY);
  else {
    listener.retried(SHARED_KEY, failure.reason);
    queue.addAfter(SHARED_KEY, 'retry', backoff.next(SHARED_KEY));
  }
  listener.reconciled({
    kind: 'shared',
    key: 'shared',
    reconcileId: randomUUID(),
    trigger: item.trigger,
    result: failure === null ? 'success' : failureClass(failure.reason),
    operations: operations.length,
    failure,
    seconds: (clock.now() - startedAt) / 1_000,
  });

  /** Executes the operations one by one, so that a volume that cannot be created does not prevent the others. */
  async function executeAll(): Promise<Failure | null> {
    let first: Failure | null = null;
    for (const operation of operations) {
      const result = await execute(SHARED_KEY, [operation], calls);
      first ??= result.failure;
    }
    return first;
  }
}
