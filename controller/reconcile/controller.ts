import type { CallOptions } from '../docker/port.js';
import { delay } from '../model/clock.js';
import type { DesiredWorkspace } from '../model/desired.js';
import type { Failure } from '../model/reasons.js';
import { rememberOperation } from '../plan/memory.js';
import { NO_MEMORY } from '../plan/types.js';
import { createBackoff } from './backoff.js';
import { wakesOf } from './event-keys.js';
import type { Controller, ControllerOptions } from './controller-types.js';
import { createQueue, type QueueItem } from './queue.js';
import { cacheKey, cacheOfKey, reconcileCache } from './reconcile-cache.js';
import { reconcileShared, SHARED_KEY } from './reconcile-shared.js';
import { reconcileWorkspace } from './reconcile-workspace.js';
import { decideRemovals, type RemovalLedger } from './removals.js';
import { isChanged, tellRevisions, wantsTheSame } from './spec-change.js';
import { createState, planFor, reportOf } from './state.js';
import { reportClaims, reportHeld, reportSettled, reportUnknown, surveyAll } from './survey.js';
import { triggers, type Trigger } from './triggers.js';
import { startWorkers } from './workers.js';

/** An engine that is away for longer than this makes every status unknown; a restart of it does not. */
const UNKNOWN_AFTER_RESYNCS = 2;

const SCAN = '#scan';
const LIST = '#list';
const DEEP_LIST = '#deep-list';

/** The loop. Sources and engine have a queue of their own, so that slow workspaces never keep the controller from looking. */
export function createController(options: ControllerOptions): Controller {
  const { clock, sources, view, listener, random, instance } = options;
  const state = createState(options.caches);
  for (const [name, failed] of options.givenUp.all()) state.memories.set(name, { ...NO_MEMORY, failed });
  state.held = new Set(options.heldRemovals.load());
  const looks = createQueue(clock);
  const queue = createQueue(clock);
  const lookBackoff = createBackoff({ firstMs: 250, longestMs: 5_000, random });
  const backoff = createBackoff({ firstMs: 500, longestMs: 300_000, random });
  const abort = new AbortController();
  const calls: CallOptions = { signal: abort.signal };
  const ledger: RemovalLedger = { approved: new Set(), orphanSince: new Map() };
  const passes = new Map<string, number>();
  const survey = { instance, clock, state, view, queue, listener, caches: options.caches };
  let engineUp = false;
  let lastListAt: number | null = null;
  let lastScanAt: number | null = null;
  let sharedRun: Promise<void> = Promise.resolve();
  let workers: Promise<unknown> = Promise.resolve();
  let unsubscribe: () => void = () => undefined;

  function onTrigger(trigger: Trigger): void {
    switch (trigger.type) {
      case 'spec-hint':
        return looks.add(SCAN, 'hint');
      case 'resync':
        looks.add(SCAN, 'resync');
        return looks.add(trigger.deep ? DEEP_LIST : LIST, 'resync');
      case 'stream-open':
        listener.eventStream('open', '');
        return looks.add(LIST, 'stream-open');
      case 'stream-closed':
        listener.eventStream('closed', trigger.detail);
        return looks.add(LIST, 'stream-closed');
      case 'engine-event':
        return wake(trigger);
    }
  }

  function wake({ event }: Extract<Trigger, { type: 'engine-event' }>): void {
    const wakes = wakesOf(event, view.containers, state);
    if (wakes.shared) queue.add(SHARED_KEY, 'event');
    for (const name of wakes.caches) if (options.caches.names().includes(name)) queue.add(cacheKey(name), 'event');
    for (const name of wakes.workspaces) if (isOurs(name)) queue.add(name, 'event');
    // A keeper may wait for just this image.
    if (event.type === 'image')
      for (const name of options.caches.names())
        if (options.caches.keeperMoved(name)) queue.add(cacheKey(name), 'image');
    if (!wakes.waiting || state.waiting.size === 0) return;
    // An image that came makes a failed plan worth another try.
    for (const name of state.waiting) queue.add(name, event.type === 'image' ? 'image' : 'woken');
    // What somebody else's container held, a port say, is seen in a list only.
    if (event.type === 'container' && !wakes.workspaces.some(isOurs)) looks.add(LIST, 'woken');
  }

  function isOurs(name: string): boolean {
    return state.desired.workspaces.has(name) || state.removals.has(name);
  }

  async function look({ key, trigger }: QueueItem): Promise<void> {
    if (key === SCAN) return scan();
    // After an outage anything may have happened: look at all of it.
    return list(key === DEEP_LIST || lastListAt === null || !engineUp, trigger);
  }

  async function scan(): Promise<void> {
    const before = state.desired;
    const snapshot = await sources.scan(abort.signal);
    if (abort.signal.aborted) return;
    state.desired = snapshot;
    const first = lastScanAt === null;
    lastScanAt = clock.now();
    listener.scanned(snapshot);
    const changedCaches = options.caches.update(snapshot);
    for (const name of changedCaches) queue.add(cacheKey(name), 'spec');
    if (lastListAt !== null) settleRemovals();
    open();
    reportClaims(before, survey);
    tellRevisions(before, snapshot, listener);
    if (first) {
      if (lastListAt !== null) surveyAll('start', survey);
      return;
    }
    // A spec that is only spoken of otherwise, as a broken one is, changes a status and asks nothing of the engine.
    const isTold = (after: DesiredWorkspace) =>
      engineUp &&
      lastListAt !== null &&
      wantsTheSame(before.workspaces.get(after.name), after) &&
      reportSettled(after.name, survey);
    const changed = [...snapshot.workspaces.values()].filter(
      (workspace) => isChanged(before.workspaces.get(workspace.name), workspace) && !isTold(workspace),
    );
    if (changed.length > 0 || before.workspaces.size !== snapshot.workspaces.size) queue.add(SHARED_KEY, 'spec', true);
    // Another nixpkgs is another environment for each of its workspaces.
    for (const { name, creation } of snapshot.workspaces.values())
      if (creation.cache !== null && changedCaches.includes(creation.cache)) queue.add(name, 'cache', true);
    for (const { name } of changed) {
      backoff.reset(name);
      passes.delete(name);
      queue.add(name, 'spec');
    }
  }

  async function list(deep: boolean, trigger: string): Promise<void> {
    try {
      await view.relist(deep, calls);
    } catch (error) {
      if (abort.signal.aborted) return;
      const failure = options.classify(error);
      setEngine(false, failure);
      if (lastListAt !== null && clock.now() - lastListAt > UNKNOWN_AFTER_RESYNCS * options.resyncMs)
        reportUnknown(failure, survey);
      return looks.addAfter(LIST, 'retry', lookBackoff.next(LIST));
    }
    const first = lastListAt === null;
    const returned = !engineUp;
    lookBackoff.reset(LIST);
    lastListAt = clock.now();
    setEngine(true, null);
    settleRemovals();
    if (lastScanAt !== null)
      surveyAll(
        first
          ? 'start'
          : returned
            ? 'engine-up'
            : trigger.includes('stream')
              ? 'stream'
              : deep
                ? 'deep'
                : trigger === 'woken'
                  ? 'woken'
                  : 'resync',
        survey,
      );
  }

  /** Work begins when both sides are known: unknown is not absent (law 2). */
  function open(): void {
    queue.hold(!engineUp || lastListAt === null || lastScanAt === null);
  }

  function setEngine(up: boolean, failure: Failure | null): void {
    if (up !== engineUp || failure !== null) listener.engineUp(up, failure);
    engineUp = up;
    open();
  }

  function settleRemovals(): void {
    const unsure = decideRemovals(state, view, ledger, { instance, allowPrune: options.allowPrune, now: clock.now() });
    if (unsure) looks.addAfter(SCAN, 'orphan', 600);
    for (const name of state.removals.keys()) queue.add(name, 'removed');
    options.heldRemovals.save([...state.held].sort());
    reportHeld(survey);
  }

  async function reconcile(item: QueueItem): Promise<void> {
    listener.queueWaited(item.waitedSeconds);
    const lookAtEngine = () => looks.add(LIST, 'unreachable');
    const dependencies = { ...options, state, queue, backoff, calls, passes, lookAtEngine };
    try {
      if (item.key === SHARED_KEY) {
        sharedRun = reconcileShared(item, dependencies);
        return await sharedRun;
      }
      await sharedRun.catch(() => undefined);
      const cache = cacheOfKey(item.key);
      if (cache !== null) return await reconcileCache(item, cache, dependencies);
      await reconcileWorkspace(item, dependencies);
    } catch (error) {
      if (abort.signal.aborted) return;
      const failure = options.classify(error);
      listener.retried(item.key, failure.reason);
      if (failure.reason === 'EngineUnreachable') lookAtEngine();
      queue.addAfter(item.key, 'retry', backoff.next(item.key));
    } finally {
      const { waiting, active } = queue.size();
      listener.queueChanged({ depth: waiting, active: active - 1 });
    }
  }

  return {
    start() {
      queue.hold(true);
      looks.add(SCAN, 'start');
      looks.add(LIST, 'start');
      const onFault = (target: typeof queue) => (key: string, fault: unknown) => {
        listener.fault(key, fault);
        target.addAfter(key, 'fault', backoff.next(key));
      };
      workers = Promise.all([
        startWorkers(2, looks, look, onFault(looks)),
        startWorkers(options.concurrency, queue, reconcile, onFault(queue)),
      ]);
      const subscription = triggers(options).subscribe(onTrigger);
      unsubscribe = () => subscription.unsubscribe();
    },
    async stop(graceMs) {
      unsubscribe();
      looks.close();
      queue.close();
      const cancelGrace = new AbortController();
      await Promise.race([workers, delay(clock, graceMs, cancelGrace.signal)]);
      abort.abort();
      cancelGrace.abort();
      await workers;
    },
    approve(names) {
      const approved = [...state.held].filter((name) => names === null || names.includes(name)).sort();
      for (const name of approved) ledger.approved.add(name);
      if (lastListAt !== null) settleRemovals();
      return approved;
    },
    idle() {
      const { waiting, active } = queue.size();
      const looking = looks.size();
      return (
        engineUp &&
        lastScanAt !== null &&
        !options.caches.isBusy() &&
        waiting + active + looking.waiting + looking.active === 0
      );
    },
    lastListAt: () => lastListAt,
    lastScanAt: () => lastScanAt,
    engineUp: () => engineUp,
    failures: (workspace) => backoff.failures(workspace),
    wake(workspaces, trigger) {
      for (const name of workspaces) if (isOurs(name)) queue.add(name, trigger, true);
    },
    retell(workspaces) {
      for (const name of workspaces) {
        const plan = isOurs(name) ? planFor(name, state, view, instance, clock.now()) : null;
        if (plan !== null) listener.report(reportOf(name, plan.verdict, state, view));
      }
    },
    noteOperation(key, operation) {
      if (operation.type === 'pull-image') {
        state.absentImages.delete(operation.image);
        state.images.delete(operation.image);
        for (const name of state.waiting) queue.add(name, 'pulled', true);
      }
      const specHash = state.desired.workspaces.get(key)?.specHash;
      if (specHash === undefined) return;
      state.memories.set(
        key,
        rememberOperation(state.memories.get(key) ?? NO_MEMORY, key, specHash, operation, clock.now()),
      );
    },
  };
}
