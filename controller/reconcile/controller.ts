import { delay } from '../model/clock.js';
import { rememberOperation } from '../plan/memory.js';
import { NO_MEMORY, type Operation } from '../plan/types.js';
import type { Controller, ControllerOptions } from './controller-types.js';
import { list } from './list.js';
import { createLoop, DEEP_LIST, isOurs, LIST, SCAN, type Loop } from './loop.js';
import { onTrigger } from './on-trigger.js';
import type { QueueItem, WorkQueue } from './queue.js';
import { createKeyReconciler } from './reconcile-key.js';
import { scan } from './scan.js';
import { settleRemovals } from './settle-removals.js';
import { planFor, reportOf } from './state.js';
import { triggers } from './triggers.js';
import { startWorkers } from './workers.js';

/** One scan and one list may run at the same time. */
const INPUT_WORKERS = 2;

/** Creates the controller: triggers queue keys, and workers reconcile them. Nothing runs before `start`. */
export function createController(options: ControllerOptions): Controller {
  const abort = new AbortController();
  const loop = createLoop(options, abort.signal);
  const { clock, inputState, inputs, queue, backoff } = loop;
  let workers: Promise<unknown> = Promise.resolve();
  let unsubscribe: () => void = () => undefined;

  return {
    start() {
      queue.hold(true);
      inputs.add(SCAN, 'start');
      inputs.add(LIST, 'start');
      workers = Promise.all([
        startWorkers(INPUT_WORKERS, inputs, (item) => refresh(item, loop), onFault(inputs, loop)),
        startWorkers(loop.concurrency, queue, createKeyReconciler(loop), onFault(queue, loop)),
      ]);
      const subscription = triggers(loop).subscribe((trigger) => onTrigger(trigger, loop));
      unsubscribe = () => subscription.unsubscribe();
    },
    async stop(graceMs) {
      unsubscribe();
      inputs.close();
      queue.close();
      const cancelGrace = new AbortController();
      await Promise.race([workers, delay(clock, graceMs, cancelGrace.signal)]);
      abort.abort();
      cancelGrace.abort();
      await workers;
    },
    approve: (names) => approve(names, loop),
    idle: () => isIdle(loop),
    lastListAt: () => inputState.lastListAt,
    lastScanAt: () => inputState.lastScanAt,
    engineUp: () => inputState.engineUp,
    failures: (workspace) => backoff.failures(workspace),
    wake(workspaces, trigger) {
      for (const name of workspaces) if (isOurs(name, loop)) queue.add(name, trigger, true);
    },
    reportAgain: (workspaces) => reportAgain(workspaces, loop),
    noteOperation: (key, operation) => noteOperation(key, operation, loop),
  };
}

/** Scans the sources or lists the engine. After an outage the list is deep, because anything may have happened. */
async function refresh({ key, trigger }: QueueItem, loop: Loop): Promise<void> {
  if (key === SCAN) return scan(loop);
  const { lastListAt, engineUp } = loop.inputState;
  return list(loop, key === DEEP_LIST || lastListAt === null || !engineUp, trigger);
}

function onFault(target: WorkQueue, { listener, backoff }: Loop): (key: string, fault: unknown) => void {
  return (key, fault) => {
    listener.fault(key, fault);
    target.addAfter(key, 'fault', backoff.next(key));
  };
}

function approve(names: readonly string[] | null, loop: Loop): string[] {
  const approved = [...loop.state.held].filter((name) => names === null || names.includes(name)).sort();
  for (const name of approved) loop.ledger.approved.add(name);
  if (loop.inputState.lastListAt !== null) settleRemovals(loop);
  return approved;
}

function isIdle({ inputState, caches, queue, inputs }: Loop): boolean {
  const [keys, refreshes] = [queue.size(), inputs.size()];
  return (
    inputState.engineUp &&
    inputState.lastScanAt !== null &&
    !caches.isBusy() &&
    keys.waiting + keys.active + refreshes.waiting + refreshes.active === 0
  );
}

function reportAgain(workspaces: readonly string[], loop: Loop): void {
  const { state, view, instance, clock, listener } = loop;
  for (const name of workspaces) {
    const plan = isOurs(name, loop) ? planFor(name, state, view, instance, clock.now()) : null;
    if (plan !== null) listener.report(reportOf(name, plan.verdict, state, view));
  }
}

function noteOperation(key: string, operation: Operation, { state, queue, clock }: Loop): void {
  if (operation.type === 'pull-image') {
    state.absentImages.delete(operation.image);
    state.images.delete(operation.image);
    for (const name of state.waiting) queue.add(name, 'pulled', true);
  }
  const specHash = state.desired.workspaces.get(key)?.specHash;
  if (specHash === undefined) return;
  const memory = state.memories.get(key) ?? NO_MEMORY;
  state.memories.set(key, rememberOperation(memory, key, specHash, operation, clock.now()));
}
