import { randomUUID } from 'node:crypto';
import { nextContainerName } from '../model/names.js';
import type { Failure } from '../model/reasons.js';
import { rememberPlan } from '../plan/memory.js';
import { renderOperation } from '../plan/render.js';
import { NO_MEMORY, type Operation, type Plan } from '../plan/types.js';
import type { Execute, ReconcileRecord, ReconcileResult } from './interfaces.js';
import type { QueueItem } from './queue.js';
import { planFor, reportOf } from './state.js';
import { WAITING_RETRY_MS, type WorkspaceReconcilerDependencies } from './workspace-dependencies.js';
import { handleFailure } from './workspace-failure.js';
import { followUp, forget, settle } from './workspace-outcome.js';

/** Reconciles one workspace: observes, plans, reports and applies. Queues the remaining work. Throws `EngineError`. */
export async function reconcileWorkspace(item: QueueItem, deps: WorkspaceReconcilerDependencies): Promise<void> {
  const { clock, state, view, listener, queue } = deps;
  const name = item.key;
  const startedAt = clock.now();
  if (isNews(item.trigger)) state.announced.add(name);
  const maybeEcho = isEcho(item.trigger) && state.failedPlans.has(name);
  if (!maybeEcho) queue.cancelDelay(name);
  if (!item.observed) await view.refreshWorkspace(name, deps.calls);
  if (state.damaged.has(name) || item.trigger.includes('deep')) await recheckStorage(name, deps);
  const planned = await planKnowingImage(name, deps);
  if (planned === null) return;
  const plan = planned.giveUp === null ? planned : await withLastOutput(name, planned, planned.giveUp, deps);
  const done = (result: ReconcileResult, failure: Failure | null) =>
    listener.reconciled(record(item, result, plan.operations.length, failure, (clock.now() - startedAt) / 1_000));
  adopt(name, plan, deps);
  if (plan.verdict.kind === 'removed') {
    await forget(name, deps);
    return done('success', null);
  }
  if (maybeEcho) {
    // The same plan would fail again; its retry is already scheduled by the backoff (law 8).
    if (state.failedPlans.get(name)?.has(signatureOf(plan))) return done('waiting', null);
    queue.cancelDelay(name);
  }
  listener.report(reportOf(name, plan.verdict, state, view));
  if (plan.operations.length === 0)
    return done(settle(name, plan, deps), plan.verdict.kind === 'failing' ? plan.verdict.failure : null);
  noteDrift(name, plan, deps);
  if (plan.operations.some((operation) => operation.type === 'pull-image' && deps.isPulling(operation.image))) {
    // The image is already being pulled for another workspace. The end of that pull wakes this workspace, and no worker
    // has to wait meanwhile.
    state.waiting.add(name);
    queue.addAfter(name, 'recheck', WAITING_RETRY_MS);
    return done('waiting', null);
  }
  const { outcome, failure, failedOperation } =
    plan.verdict.kind === 'removing'
      ? await executeRemoval(name, plan, deps)
      : await deps.execute(name, plan.operations, deps.calls);
  if (outcome === 'failed' && failure !== null && failedOperation !== null) {
    state.failedPlans.set(name, (state.failedPlans.get(name) ?? new Set()).add(signatureOf(plan)));
    return done(await handleFailure(name, failedOperation, failure, deps), failure);
  }
  followUp(name, outcome, plan, deps);
  done('success', null);
}

/**
 * Plans the workspace, with what a create needs to know of its image. The image is inspected only if a container is to
 * be created or started, and only once per image (F15).
 */
async function planKnowingImage(name: string, deps: WorkspaceReconcilerDependencies): Promise<Plan | null> {
  const { state, view, clock, calls } = deps;
  const planNow = () => planFor(name, state, view, deps.instance, clock.now());
  const first = planNow();
  const creation = state.desired.workspaces.get(name)?.creation;
  const makes =
    first?.operations.some(({ type }) => type === 'create-container' || type === 'start-container') === true;
  if (creation === undefined || creation.cache === null || !makes) return first;
  if (!state.images.has(creation.image) && !state.absentImages.has(creation.image)) {
    const image = await deps.inspectImage(creation.image, calls);
    if (image === null) state.absentImages.add(creation.image);
    else state.images.set(creation.image, image);
  }
  const ids = [state.images.get(creation.image)?.id, ...view.containersOf(name).map(({ imageId }) => imageId)];
  for (const id of new Set(ids)) if (id !== undefined && id !== '') await deps.caches.lookAtImage(id, calls);
  return withoutGuess(planNow(), creation.image, state);
}

/**
 * Cuts a plan after the pull of an unknown image. The definition of a container contains its image's PATH, so the rest
 * is planned after the pull.
 */
function withoutGuess(
  plan: Plan | null,
  image: string,
  { images }: WorkspaceReconcilerDependencies['state'],
): Plan | null {
  const pull = plan?.operations.findIndex(({ type }) => type === 'pull-image') ?? -1;
  return plan === null || pull < 0 || images.has(image)
    ? plan
    : { ...plan, operations: plan.operations.slice(0, pull + 1) };
}

/**
 * Whether the trigger may be an echo of our own calls. A failed start causes events as a successful one does. They name
 * what to observe, and are no reason to retry at once.
 */
function isEcho(trigger: string): boolean {
  return trigger.split('+').every((one) => one === 'event' || one === 'woken');
}

/** The triggers by which the controller looks again without being told of a change. */
const LOOKS: ReadonlySet<string> = new Set(['resync', 'deep', 'retry', 'recheck', 'verify']);

function isNews(trigger: string): boolean {
  return trigger.split('+').some((one) => !LOOKS.has(one));
}

function signatureOf({ operations }: Plan): string {
  const idOf = (operation: Operation) =>
    'container' in operation && typeof operation.container === 'object' ? operation.container.id : null;
  return operations.map((operation) => `${idOf(operation) ?? ''} ${renderOperation(operation)}`).join('\n');
}

/**
 * Removes a workspace step by step. If its spec comes back during a slow stop, or its reclaim policy changes, the
 * removal ends there.
 */
async function executeRemoval(
  name: string,
  plan: Plan,
  { state, execute, calls }: WorkspaceReconcilerDependencies,
): ReturnType<Execute> {
  const reclaimPolicy = state.removals.get(name);
  for (const operation of plan.operations) {
    if (!state.removals.has(name) || state.removals.get(name) !== reclaimPolicy) break;
    const result = await execute(name, [operation], calls);
    if (result.outcome !== 'done') return result;
  }
  return { outcome: 'done', failure: null, failedOperation: null };
}

function record(
  item: QueueItem,
  result: ReconcileResult,
  operations: number,
  failure: Failure | null,
  seconds: number,
): ReconcileRecord {
  return {
    kind: 'workspace',
    key: item.key,
    reconcileId: randomUUID(),
    trigger: item.trigger,
    result,
    operations,
    failure,
    seconds,
  };
}

/** Records what the plan has settled, before anything is awaited, because two plans must not choose the same port. */
function adopt(name: string, plan: Plan, { state, givenUp }: WorkspaceReconcilerDependencies): void {
  if (plan.ports.length > 0) state.reserved.set(name, plan.ports);
  else if (state.desired.workspaces.get(name)?.creation.ports.length === 0) state.reserved.delete(name);
  const memory = rememberPlan(state.memories.get(name) ?? NO_MEMORY, plan);
  const specHash = state.desired.workspaces.get(name)?.specHash;
  const failed = memory.failed?.specHash === specHash ? memory.failed : null;
  state.memories.set(name, { ...memory, failed });
  givenUp.set(name, failed);
}

/**
 * Adds the last line of output to the failure of a replacement that is given up, because the output is removed together
 * with the container.
 */
async function withLastOutput(
  name: string,
  plan: Plan,
  giveUp: NonNullable<Plan['giveUp']>,
  { state, view, readOutput, calls }: WorkspaceReconcilerDependencies,
): Promise<Plan> {
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

async function recheckStorage(
  name: string,
  { state, view, checkStorage, calls }: WorkspaceReconcilerDependencies,
): Promise<void> {
  const mountPath = state.desired.workspaces.get(name)?.creation.storageMountPath;
  const container = view.containersOf(name).find((one) => one.mounts.some((mount) => mount.target === mountPath));
  if (mountPath === undefined || container === undefined) return void state.damaged.delete(name);
  if (await checkStorage(container.id, mountPath, calls)) state.damaged.add(name);
  else state.damaged.delete(name);
}

function noteDrift(name: string, plan: Plan, { state, listener, passes }: WorkspaceReconcilerDependencies): void {
  // Later passes finish the work of the first pass, and only the first one found the drift.
  if (passes.has(name)) return;
  const found = new Map(
    plan.operations.flatMap(({ drift, cause }) => (drift === undefined ? [] : [[drift, cause] as const])),
  );
  for (const [drift, cause] of found) listener.drift(name, drift, cause);
  if (found.size > 0 && !state.announced.has(name)) listener.missedEvent(name);
}
