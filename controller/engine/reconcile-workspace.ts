import { randomUUID } from 'node:crypto';
import type { CallOptions } from '../docker/port.js';
import type { Clock } from '../model/clock.js';
import type { DesiredWorkspace } from '../model/desired.js';
import { nextContainerName } from '../model/names.js';
import { failureClass, type Failure } from '../model/reasons.js';
import { rememberFailure, rememberPlan } from '../plan/memory.js';
import { renderOperation } from '../plan/render.js';
import { NO_MEMORY, type Operation, type Plan, type WorkspaceMemory } from '../plan/types.js';
import type { Backoff } from './backoff.js';
import type { CheckStorage, EngineView, Execute, FindPortHolder, GivenUp, Hooks, IsPulling, ReadOutput, ReconcileRecord, ReconcileResult, SpecSources } from './interfaces.js';
import type { QueueItem, WorkQueue } from './queue.js';
import { planFor, reportOf, type ControllerState } from './state.js';

export interface WorkspaceReconcilerDependencies {
  readonly instance: string;
  readonly clock: Clock;
  readonly state: ControllerState;
  readonly view: EngineView;
  readonly execute: Execute;
  readonly sources: SpecSources;
  readonly givenUp: GivenUp;
  readonly checkStorage: CheckStorage;
  readonly findPortHolder: FindPortHolder;
  readonly isPulling: IsPulling;
  readonly readOutput: ReadOutput;
  readonly queue: WorkQueue;
  readonly backoff: Backoff;
  readonly hooks: Hooks;
  readonly calls: CallOptions;
  /** Passes in a row that found work although nothing new was asked; guards against a fight with somebody else. */
  readonly passes: Map<string, number>;
  /** The engine seems to be away: find out. */
  readonly lookAtEngine: () => void;
}

/** Plans that succeed are followed by an empty one; a workspace that keeps finding work is slowed down, not spun. */
const PASSES_BEFORE_BACKOFF = 6;
const WAITING_RETRY_MS = 30_000;
/** An engine that is out of sorts refuses once or twice; after that the old container comes back. */
const STARTS_REFUSED_BEFORE_GIVING_UP = 2;

/** One look at one workspace: observe, plan, report, apply; what is left to do comes back through the queue. */
export async function reconcileWorkspace(item: QueueItem, deps: WorkspaceReconcilerDependencies): Promise<void> {
  const { clock, state, view, hooks, queue } = deps;
  const name = item.key;
  const startedAt = clock.now();
  const maybeEcho = isEcho(item.trigger) && state.failedPlans.has(name);
  if (!maybeEcho) queue.cancelDelay(name);
  if (!item.observed) await view.refreshWorkspace(name, deps.calls);
  if (state.damaged.has(name) || item.trigger.includes('deep')) await recheckStorage(name, deps);
  const planned = planFor(name, state, view, deps.instance, clock.now());
  if (planned === null) return;
  const plan = planned.giveUp === null ? planned : await withLastWords(name, planned, planned.giveUp, deps);
  const done = (result: ReconcileResult, failure: Failure | null) =>
    hooks.reconciled(record(item, result, plan.operations.length, failure, (clock.now() - startedAt) / 1_000));
  adopt(name, plan, deps);
  if (plan.verdict.kind === 'removed') {
    await forget(name, deps);
    return done('success', null);
  }
  if (maybeEcho) {
    // The same would fail again; its retry is due when its backoff says (law 8).
    if (state.failedPlans.get(name)?.has(signatureOf(plan))) return done('waiting', null);
    queue.cancelDelay(name);
  }
  hooks.report(reportOf(name, plan.verdict, state, view));
  if (plan.operations.length === 0) return done(settle(name, plan, deps), plan.verdict.kind === 'failing' ? plan.verdict.failure : null);
  noteDrift(name, plan, deps);
  if (plan.operations.some((operation) => operation.type === 'pull-image' && deps.isPulling(operation.image))) {
    // The pull is under way for another workspace: its end wakes this one, and no worker stands still meanwhile.
    state.waiting.add(name);
    queue.addAfter(name, 'recheck', WAITING_RETRY_MS);
    return done('waiting', null);
  }
  const { outcome, failure, failedOperation } = plan.verdict.kind === 'removing' ? await executeRemoval(name, plan, deps) : await deps.execute(name, plan.operations, deps.calls);
  if (outcome === 'failed' && failure !== null && failedOperation !== null) {
    state.failedPlans.set(name, (state.failedPlans.get(name) ?? new Set()).add(signatureOf(plan)));
    return done(await handleFailure(name, failedOperation, failure, deps), failure);
  }
  followUp(name, outcome, plan, deps);
  done('success', null);
}

/** A failed start tells of itself by events, as a good one does: they say where to look, not that it is time to try again. */
function isEcho(trigger: string): boolean {
  return trigger.split('+').every((one) => one === 'event' || one === 'woken');
}

function signatureOf({ operations }: Plan): string {
  const idOf = (operation: Operation) => ('container' in operation && typeof operation.container === 'object' ? operation.container.id : null);
  return operations.map((operation) => `${idOf(operation) ?? ''} ${renderOperation(operation)}`).join('\n');
}

/** A stop takes its time: a spec that comes back meanwhile, or one that says Retain now, ends the removal where it stands. */
async function executeRemoval(name: string, plan: Plan, { state, execute, calls }: WorkspaceReconcilerDependencies): ReturnType<Execute> {
  const reclaimPolicy = state.removals.get(name);
  for (const operation of plan.operations) {
    if (!state.removals.has(name) || state.removals.get(name) !== reclaimPolicy) break;
    const result = await execute(name, [operation], calls);
    if (result.outcome !== 'done') return result;
  }
  return { outcome: 'done', failure: null, failedOperation: null };
}

function record(item: QueueItem, result: ReconcileResult, operations: number, failure: Failure | null, seconds: number): ReconcileRecord {
  return { kind: 'workspace', key: item.key, reconcileId: randomUUID(), trigger: item.trigger, result, operations, failure, seconds };
}

/** Takes over what the plan settled, before anything is awaited: two plans must not choose one port. */
function adopt(name: string, plan: Plan, { state, givenUp }: WorkspaceReconcilerDependencies): void {
  if (plan.ports.length > 0) state.reserved.set(name, plan.ports);
  else if (state.desired.workspaces.get(name)?.creation.ports.length === 0) state.reserved.delete(name);
  const memory = rememberPlan(state.memories.get(name) ?? NO_MEMORY, plan);
  const specHash = state.desired.workspaces.get(name)?.specHash;
  const failed = memory.failed?.specHash === specHash ? memory.failed : null;
  state.memories.set(name, { ...memory, failed });
  givenUp.set(name, failed);
}

/** A replacement that is given up is removed, its output with it: what it said last goes into the message. */
async function withLastWords(name: string, plan: Plan, giveUp: NonNullable<Plan['giveUp']>, { state, view, readOutput, calls }: WorkspaceReconcilerDependencies): Promise<Plan> {
  const next = view.containersOf(name).find((container) => container.name === nextContainerName(name));
  if (next === undefined) return plan;
  const output = await readOutput(next.id, 5, calls).catch(() => '');
  const lastLine = output.trim().split('\n').at(-1) ?? '';
  if (lastLine === '') return plan;
  const secrets = [...(state.desired.workspaces.get(name)?.secrets.values() ?? [])];
  const shown = secrets.reduce((text, secret) => secret.mask(text), lastLine).slice(0, 200);
  const failure: Failure = { ...giveUp.failure, message: `${giveUp.failure.message}; its last output: ${shown}` };
  const verdict = plan.verdict.kind === 'failing' ? { ...plan.verdict, failure } : plan.verdict;
  return { ...plan, verdict, giveUp: { ...giveUp, failure } };
}

async function forget(name: string, deps: WorkspaceReconcilerDependencies): Promise<void> {
  const { state, sources, hooks, view, passes, backoff, givenUp } = deps;
  hooks.report(reportOf(name, { kind: 'removed' }, state, view));
  for (const map of [state.memories, state.reserved, state.failedPlans, passes]) map.delete(name);
  for (const set of [state.damaged, state.waiting]) set.delete(name);
  backoff.reset(name);
  givenUp.set(name, null);
  wakeWaiting(name, deps);
  await sources.forget(name);
}

/** The engine's events came before this look: only now is it known here what `name` has given up, a port say. */
function wakeWaiting(name: string, { state, queue }: WorkspaceReconcilerDependencies): void {
  for (const other of state.waiting) if (other !== name) queue.add(other, 'woken', true);
}

/** Nothing to run: wait for what the verdict waits for. */
function settle(name: string, plan: Plan, deps: WorkspaceReconcilerDependencies): ReconcileResult {
  const { state, queue, backoff, passes } = deps;
  const { verdict } = plan;
  if (passes.delete(name)) wakeWaiting(name, deps);
  state.failedPlans.delete(name);
  const failing = verdict.kind === 'failing' ? failureClass(verdict.failure.reason) : null;
  if (failing === 'waiting') state.waiting.add(name);
  else state.waiting.delete(name);
  if (failing === null) backoff.reset(name);
  if (verdict.kind === 'failing' && verdict.failure.reason === 'ImageMissing') state.absentImages.delete(state.desired.workspaces.get(name)?.creation.image ?? '');
  if (plan.recheckAfterMs !== null) queue.addAfter(name, 'recheck', plan.recheckAfterMs);
  else if (failing === 'waiting') queue.addAfter(name, 'recheck', WAITING_RETRY_MS);
  return failing ?? 'success';
}

function followUp(name: string, outcome: 'done' | 'awaiting' | 'failed', plan: Plan, { queue, backoff, passes, state }: WorkspaceReconcilerDependencies): void {
  state.waiting.delete(name);
  state.failedPlans.delete(name);
  const onlyWaits = plan.operations[0]?.type === 'await-ready';
  if (outcome === 'awaiting' && onlyWaits) return queue.addAfter(name, 'recheck', plan.recheckAfterMs ?? 1_000);
  const count = (passes.get(name) ?? 0) + 1;
  passes.set(name, count);
  if (count > PASSES_BEFORE_BACKOFF) return queue.addAfter(name, 'recheck', backoff.next(name));
  // Look again: the empty plan that follows is the proof that it worked.
  queue.add(name, 'verify');
}

async function handleFailure(name: string, operation: Operation, failure: Failure, deps: WorkspaceReconcilerDependencies): Promise<ReconcileResult> {
  const { state, view, hooks, queue, backoff } = deps;
  const desired = state.desired.workspaces.get(name);
  const memory = state.memories.get(name) ?? NO_MEMORY;
  const verdictOf = (shown: Failure) =>
    hooks.report(reportOf(name, { kind: 'failing', failure: shown, serving: view.containersOf(name).some((one) => one.state === 'running') }, state, view));
  if (failure.reason === 'ImageMissing' && desired !== undefined && !state.absentImages.has(desired.creation.image)) {
    state.absentImages.add(desired.creation.image);
    queue.add(name, 'image-absent', true);
    return 'transient';
  }
  // Somebody may load it by hand, and the event be lost: the next try asks the engine again.
  if (operation.type === 'pull-image') state.absentImages.delete(operation.image);
  if (failureClass(failure.reason) === 'stalled' && desired !== undefined) {
    adoptFailure(name, desired, failure, deps);
    queue.add(name, 'gave-up');
    return 'stalled';
  }
  const shown = failure.reason === 'PortConflict' ? await explainPort(name, desired, memory, failure, deps) : failure;
  if (desired !== undefined && isReplacementLost(name, operation, shown, backoff)) {
    adoptFailure(name, desired, { reason: 'ReplacementFailed', message: shown.message }, deps);
    queue.add(name, 'gave-up');
    return 'stalled';
  }
  if (desired !== undefined) state.memories.set(name, rememberFailure(state.memories.get(name) ?? NO_MEMORY, desired.specHash, operation));
  verdictOf(shown);
  // A port may be held by a container that is nobody's workspace: only a list shows it.
  if (shown.reason === 'EngineUnreachable' || shown.reason === 'PortConflict') deps.lookAtEngine();
  const waits = failureClass(shown.reason) === 'waiting';
  // An image may also come by another way than our pull.
  if (waits || shown.reason === 'ImagePullFailed') state.waiting.add(name);
  hooks.retried(name, shown.reason);
  const delayMs = backoff.next(name);
  queue.addAfter(name, 'retry', waits ? Math.min(delayMs, WAITING_RETRY_MS) : delayMs);
  return operation.type === 'pull-image' ? 'transient' : failureClass(shown.reason) === 'waiting' ? 'waiting' : 'transient';
}

/** The old container is stopped by now: it must not wait for what the new one waits for (law 6). */
function isReplacementLost(name: string, operation: Operation, failure: Failure, backoff: Backoff): boolean {
  if (operation.type !== 'start-container' || operation.container.name !== nextContainerName(name)) return false;
  return failureClass(failure.reason) === 'waiting' || (failure.reason === 'EngineError' && backoff.failures(name) >= STARTS_REFUSED_BEFORE_GIVING_UP);
}

function adoptFailure(name: string, desired: DesiredWorkspace, failure: Failure, { state, givenUp }: WorkspaceReconcilerDependencies): void {
  const memory: WorkspaceMemory = { ...(state.memories.get(name) ?? NO_MEMORY), failed: { specHash: desired.specHash, failure } };
  state.memories.set(name, memory);
  givenUp.set(name, memory.failed);
}

/** Something outside the engine has the port: name it, and let a port of our choice move away. */
async function explainPort(name: string, desired: DesiredWorkspace | undefined, memory: WorkspaceMemory, failure: Failure, deps: WorkspaceReconcilerDependencies): Promise<Failure> {
  const wanted = deps.state.reserved.get(name) ?? [];
  const named = wanted.find((port) => new RegExp(`:${port.hostPort}\\b`).test(failure.message)) ?? wanted[0];
  if (desired === undefined || named === undefined) return failure;
  const holder = (await deps.findPortHolder(named)) ?? 'somebody outside the engine';
  const chosen = desired.creation.ports.some((port) => port.hostPort === null && port.containerPort === named.containerPort);
  if (chosen) deps.state.memories.set(name, { ...memory, takenPorts: [...memory.takenPorts, { ...named, holder }] });
  return { reason: 'PortConflict', message: `the port ${named.hostIP}:${named.hostPort} is held by ${holder} (${failure.message})` };
}

async function recheckStorage(name: string, { state, view, checkStorage, calls }: WorkspaceReconcilerDependencies): Promise<void> {
  const mountPath = state.desired.workspaces.get(name)?.creation.storageMountPath;
  const container = view.containersOf(name).find((one) => one.mounts.some((mount) => mount.target === mountPath));
  if (mountPath === undefined || container === undefined) return void state.damaged.delete(name);
  if (await checkStorage(container.id, mountPath, calls)) state.damaged.add(name);
  else state.damaged.delete(name);
}

function noteDrift(name: string, plan: Plan, { hooks, passes }: WorkspaceReconcilerDependencies): void {
  // Follow-up passes finish the work of the first; only that one found something.
  if (passes.has(name)) return;
  const found = new Map(plan.operations.flatMap(({ drift, cause }) => (drift === undefined ? [] : [[drift, cause] as const])));
  for (const [drift, cause] of found) hooks.drift(name, drift, cause);
}
