import type { DesiredWorkspace } from '../model/desired.js';
import { nextContainerName } from '../model/names.js';
import { failureClass, type Failure } from '../model/reasons.js';
import { rememberFailure } from '../plan/memory.js';
import { NO_MEMORY, type Operation, type WorkspaceMemory } from '../plan/types.js';
import type { Backoff } from './backoff.js';
import type { ReconcileResult } from './interfaces.js';
import { reportOf } from './state.js';
import { WAITING_RETRY_MS, type WorkspaceReconcilerDependencies } from './workspace-dependencies.js';

/** An engine in trouble may refuse a start this often; after that the old container is started again. */
const STARTS_REFUSED_BEFORE_GIVING_UP = 2;

/**
 * Decides what follows from a failed operation (a retry, waiting for another object, giving up the spec; law 9),
 * reports it and queues the next steps.
 */
export async function handleFailure(
  name: string,
  operation: Operation,
  failure: Failure,
  deps: WorkspaceReconcilerDependencies,
): Promise<ReconcileResult> {
  const { state, view, listener, queue, backoff } = deps;
  const desired = state.desired.workspaces.get(name);
  const memory = state.memories.get(name) ?? NO_MEMORY;
  const verdictOf = (shown: Failure) =>
    listener.report(
      reportOf(
        name,
        { kind: 'failing', failure: shown, serving: view.containersOf(name).some((one) => one.state === 'running') },
        state,
        view,
      ),
    );
  if (failure.reason === 'ImageMissing' && desired !== undefined && !state.absentImages.has(desired.creation.image)) {
    state.absentImages.add(desired.creation.image);
    queue.add(name, 'image-absent', true);
    return 'transient';
  }
  // Somebody may load the image by hand, and the event may be lost, so the next attempt asks the engine again.
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
  if (desired !== undefined)
    state.memories.set(name, rememberFailure(state.memories.get(name) ?? NO_MEMORY, desired.specHash, operation));
  verdictOf(shown);
  // The port may be held by a container that belongs to no workspace, which only a list shows.
  if (shown.reason === 'EngineUnreachable' || shown.reason === 'PortConflict') deps.requestList();
  const waits = failureClass(shown.reason) === 'waiting';
  // The image may also arrive without our pull.
  if (waits || shown.reason === 'ImagePullFailed') state.waiting.add(name);
  listener.retried(name, shown.reason);
  const delayMs = backoff.next(name);
  queue.addAfter(name, 'retry', waits ? Math.min(delayMs, WAITING_RETRY_MS) : delayMs);
  return operation.type === 'pull-image'
    ? 'transient'
    : failureClass(shown.reason) === 'waiting'
      ? 'waiting'
      : 'transient';
}

/**
 * Whether to give up the replacement. The old container is stopped already, and must not wait for what the new one
 * waits for (law 6).
 */
function isReplacementLost(name: string, operation: Operation, failure: Failure, backoff: Backoff): boolean {
  if (operation.type !== 'start-container' || operation.container.name !== nextContainerName(name)) return false;
  return (
    failureClass(failure.reason) === 'waiting' ||
    (failure.reason === 'EngineError' && backoff.failures(name) >= STARTS_REFUSED_BEFORE_GIVING_UP)
  );
}

function adoptFailure(
  name: string,
  desired: DesiredWorkspace,
  failure: Failure,
  { state, givenUp }: WorkspaceReconcilerDependencies,
): void {
  const memory: WorkspaceMemory = {
    ...(state.memories.get(name) ?? NO_MEMORY),
    failed: { specHash: desired.specHash, failure },
  };
  state.memories.set(name, memory);
  givenUp.set(name, memory.failed);
}

/**
 * Names the program outside the engine that holds the port, and avoids that port from now on if the controller had
 * chosen it.
 */
async function explainPort(
  name: string,
  desired: DesiredWorkspace | undefined,
  memory: WorkspaceMemory,
  failure: Failure,
  deps: WorkspaceReconcilerDependencies,
): Promise<Failure> {
  const wanted = deps.state.reserved.get(name) ?? [];
  const named = wanted.find((port) => new RegExp(`:${port.hostPort}\\b`).test(failure.message)) ?? wanted[0];
  if (desired === undefined || named === undefined) return failure;
  const holder = (await deps.findPortHolder(named)) ?? 'somebody outside the engine';
  const chosen = desired.creation.ports.some(
    (port) => port.hostPort === null && port.containerPort === named.containerPort,
  );
  if (chosen) deps.state.memories.set(name, { ...memory, takenPorts: [...memory.takenPorts, { ...named, holder }] });
  return {
    reason: 'PortConflict',
    message: `the port ${named.hostIP}:${named.hostPort} is held by ${holder} (${failure.message})`,
  };
}
