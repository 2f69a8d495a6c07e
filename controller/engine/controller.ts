import type { CallOptions } from '../docker/port.js';
import type { Clock } from '../model/clock.js';
import { delay } from '../model/clock.js';
import type { DesiredWorkspace } from '../model/desired.js';
import type { Failure } from '../model/reasons.js';
import { rememberOperation } from '../plan/memory.js';
import { NO_MEMORY, type Operation } from '../plan/types.js';
import { createBackoff } from './backoff.js';
import { wakesOf } from './event-keys.js';
import type { CheckStorage, EngineView, EventSource, Execute, FindPortHolder, GivenUp, Hooks, IsPulling, SpecSources } from './interfaces.js';
import { createQueue, type QueueItem } from './queue.js';
import { reconcileShared, SHARED_KEY } from './reconcile-shared.js';
import { reconcileWorkspace } from './reconcile-workspace.js';
import { decideRemovals, type RemovalLedger } from './removals.js';
import { createState, planFor, reportOf } from './state.js';
import { triggers, type Trigger } from './triggers.js';
import { startWorkers } from './workers.js';

export interface ControllerOptions {
  readonly instance: string;
  readonly concurrency: number;
  readonly resyncMs: number;
  readonly deepEvery: number;
  readonly allowPrune: boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly sources: SpecSources;
  readonly view: EngineView;
  readonly events: EventSource;
  readonly execute: Execute;
  readonly givenUp: GivenUp;
  readonly checkStorage: CheckStorage;
  readonly findPortHolder: FindPortHolder;
  readonly isPulling: IsPulling;
  /** Turns what an engine call threw into a reason; throws what is no engine error. */
  readonly classify: (error: unknown) => Failure;
  readonly hooks: Hooks;
}

export interface Controller {
  start(): void;
  /** Lets operations under way finish for `graceMs`, then abandons them: every prefix of a plan is safe (law 6). */
  stop(graceMs: number): Promise<void>;
  /** Confirms held removals: those named, or all that are held. Gives the names that were held. */
  approve(names: readonly string[] | null): string[];
  /** Nothing waits, runs or is held back but rechecks of what waits for a person. */
  readonly idle: () => boolean;
  /** Milliseconds, our clock; null until it happened. */
  readonly lastListAt: () => number | null;
  readonly lastScanAt: () => number | null;
  readonly engineUp: () => boolean;
  /** Failures in a row of one workspace. */
  readonly failures: (workspace: string) => number;
  /** The executor's results come in here, for the memory. */
  noteOperation(key: string, operation: Operation): void;
}

const SCAN = '#scan';
const LIST = '#list';
const DEEP_LIST = '#deep-list';

/** The loop. Sources and engine have a queue of their own, so that slow workspaces never keep the controller from looking. */
export function createController(options: ControllerOptions): Controller {
  const { clock, sources, view, hooks, random, instance } = options;
  const state = createState();
  for (const [name, failed] of options.givenUp.all()) state.memories.set(name, { ...NO_MEMORY, failed });
  const looks = createQueue(clock);
  const queue = createQueue(clock);
  const lookBackoff = createBackoff({ firstMs: 250, longestMs: 5_000, random });
  const backoff = createBackoff({ firstMs: 500, longestMs: 300_000, random });
  const abort = new AbortController();
  const calls: CallOptions = { signal: abort.signal };
  const ledger: RemovalLedger = { approved: new Set(), orphanSince: new Map() };
  const passes = new Map<string, number>();
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
        hooks.eventStream('open', '');
        return looks.add(LIST, 'stream-open');
      case 'stream-closed':
        hooks.eventStream('closed', trigger.detail);
        return looks.add(LIST, 'stream-closed');
      case 'engine-event':
        return wake(trigger);
    }
  }

  function wake({ event }: Extract<Trigger, { type: 'engine-event' }>): void {
    const wakes = wakesOf(event, view.containers, state);
    if (wakes.shared) queue.add(SHARED_KEY, 'event');
    for (const name of wakes.workspaces) if (isOurs(name)) queue.add(name, 'event');
    if (wakes.waiting) for (const name of state.waiting) queue.add(name, 'woken');
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
    hooks.scanned(snapshot);
    if (lastListAt !== null) settleRemovals();
    open();
    if (first) return lookAtAll('start');
    const changed = [...snapshot.workspaces.values()].filter((workspace) => isChanged(before.workspaces.get(workspace.name), workspace));
    if (changed.length > 0 || before.workspaces.size !== snapshot.workspaces.size) queue.add(SHARED_KEY, 'spec', true);
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
      setEngine(false, options.classify(error));
      return looks.addAfter(LIST, 'retry', lookBackoff.next(LIST));
    }
    const first = lastListAt === null;
    const returned = !engineUp;
    lookBackoff.reset(LIST);
    lastListAt = clock.now();
    setEngine(true, null);
    settleRemovals();
    open();
    lookAtAll(first ? 'start' : returned ? 'engine-up' : trigger.includes('stream') ? 'stream' : deep ? 'deep' : 'resync');
  }

  /** Work begins when both sides are known: unknown is not absent (law 2). */
  function open(): void {
    queue.hold(!engineUp || lastListAt === null || lastScanAt === null);
  }

  function setEngine(up: boolean, failure: Failure | null): void {
    if (up !== engineUp || failure !== null) hooks.engineUp(up, failure);
    engineUp = up;
    open();
  }

  function settleRemovals(): void {
    const unsure = decideRemovals(state, view, ledger, { instance, allowPrune: options.allowPrune, now: clock.now() });
    if (unsure) looks.addAfter(SCAN, 'orphan', 600);
    hooks.held([...state.held].sort());
    for (const name of state.removals.keys()) queue.add(name, 'removed');
    const failure: Failure = { reason: 'DeletionHeld', message: `the specs of ${state.held.size} workspaces are gone at once` };
    for (const name of state.held) hooks.report(reportOf(name, { kind: 'held', failure }, state, view));
  }

  /** Plans every workspace on what was just listed, without a call, and queues those that need work (F15). */
  function lookAtAll(trigger: string): void {
    if (lastListAt === null || lastScanAt === null) return;
    queue.add(SHARED_KEY, trigger, true);
    for (const name of [...state.desired.workspaces.keys()].sort()) {
      if (queue.isBusy(name) && trigger === 'resync') continue;
      const plan = planFor(name, state, view, instance, clock.now());
      if (plan === null) continue;
      const settledNow = plan.operations.length === 0 && plan.recheckAfterMs === null && plan.verdict.kind !== 'failing';
      // A deep look goes through the reconciler: it also looks at the volume's directory.
      if (settledNow && trigger !== 'deep') {
        hooks.report(reportOf(name, plan.verdict, state, view));
        continue;
      }
      if (trigger === 'resync' && plan.operations.some((operation) => operation.drift !== undefined)) hooks.missedEvent(name);
      queue.add(name, trigger, true);
    }
  }

  async function reconcile(item: QueueItem): Promise<void> {
    hooks.queueWaited(item.waitedSeconds);
    const lookAtEngine = () => looks.add(LIST, 'unreachable');
    const dependencies = { ...options, state, queue, backoff, calls, passes, lookAtEngine };
    try {
      if (item.key === SHARED_KEY) {
        sharedRun = reconcileShared(item, dependencies);
        return await sharedRun;
      }
      await sharedRun.catch(() => undefined);
      await reconcileWorkspace(item, dependencies);
    } catch (error) {
      if (abort.signal.aborted) return;
      const failure = options.classify(error);
      hooks.retried(item.key, failure.reason);
      if (failure.reason === 'EngineUnreachable') lookAtEngine();
      queue.addAfter(item.key, 'retry', backoff.next(item.key));
    } finally {
      const { waiting, active } = queue.size();
      hooks.queueChanged({ depth: waiting, active: active - 1 });
    }
  }

  return {
    start() {
      queue.hold(true);
      looks.add(SCAN, 'start');
      looks.add(LIST, 'start');
      const onFault = (target: typeof queue) => (key: string, fault: unknown) => {
        hooks.fault(key, fault);
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
      return engineUp && lastScanAt !== null && waiting + active + looking.waiting + looking.active === 0;
    },
    lastListAt: () => lastListAt,
    lastScanAt: () => lastScanAt,
    engineUp: () => engineUp,
    failures: (workspace) => backoff.failures(workspace),
    noteOperation(key, operation) {
      if (operation.type === 'pull-image') {
        state.absentImages.delete(operation.image);
        for (const name of state.waiting) queue.add(name, 'pulled', true);
      }
      const specHash = state.desired.workspaces.get(key)?.specHash;
      if (specHash === undefined) return;
      state.memories.set(key, rememberOperation(state.memories.get(key) ?? NO_MEMORY, key, specHash, operation, clock.now()));
    },
  };
}

function isChanged(before: DesiredWorkspace | undefined, after: DesiredWorkspace): boolean {
  if (before === undefined) return true;
  const same =
    before.specHash === after.specHash &&
    before.state === after.state &&
    before.imagePullPolicy === after.imagePullPolicy &&
    before.reclaimPolicy === after.reclaimPolicy &&
    before.secretsReadable === after.secretsReadable &&
    before.problem?.message === after.problem?.message &&
    JSON.stringify(before.inPlace) === JSON.stringify(after.inPlace);
  return !same;
}
