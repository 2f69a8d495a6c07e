import { WORKSPACE_NETWORK, containerName, dataVolumeName } from '../model/names.js';
import type { Failure } from '../model/reasons.js';
import { isOnBareStore } from '../model/shared-volume.js';
import type { ObservedContainer, PublishedPort } from '../model/engine-objects.js';
import type { Verdict } from '../model/status.js';
import type { Operation, Plan, WorkspaceInput } from './types.js';
import { assignSlots, describeExit, isUp, readiness, target, type Slots } from './containers.js';
import { differences, type Difference } from './diff.js';
import { planEnvironment, planImage, type EnvironmentPlan } from './environment.js';
import { inPlaceOperations } from './in-place.js';
import { conflict, missingPrerequisite } from './prerequisites.js';
import { planReplacement, planTakeover } from './replacement.js';
import { restartDelay } from './restarts.js';
import { portDifferences, settledPorts } from './settled-ports.js';
import { act, creation, emptyPlan, removal, starting, stopping } from './steps.js';

/**
 * What to do about one workspace that a spec asks for. Pure and total: equal input gives an equal plan, and a plan whose
 * operations succeeded is followed by an empty one (law 7).
 */
export function planWorkspace(input: WorkspaceInput): Plan {
  const { desired, observed, instance } = input;
  const slots = assignSlots(desired.name, instance, observed.containers);
  const ports = settledPorts(input, slots);
  const environment = planEnvironment(input);
  const plan = withPackages(input, slots, choosePlan(input, slots, ports.granted), environment);
  return guard(input, slots, plan, ports.failure, environment);
}

function choosePlan(input: WorkspaceInput, slots: Slots, ports: readonly PublishedPort[]): Plan {
  const { desired, memory } = input;
  const { main, next } = slots;
  if (desired.state === 'Stopped') return planStopped(slots, desired.name);
  if (input.observed.cache?.mustStop === true) return planCleared(slots, input.observed.cache.unavailable);
  if (main === null) return planWithoutMain(input, slots, ports);
  if (main.state === 'removing')
    return emptyPlan({ kind: 'progressing', message: `${main.name} is being removed`, replacing: false }, 1_000);
  const changes = [...differences(main, desired), ...portDifferences(main, ports)];
  if (next !== null) return planTakeover(input, main, next, changes, ports);
  const failed = memory.failed?.specHash === desired.specHash ? memory.failed.failure : null;
  if (isOnBareStore(main) && needsSoundStore(input, failed))
    return leaveBareStore(main, 'the workspace needs what only a sound store can hold');
  if (changes.length > 0 && failed !== null) return keepServing(input, main, failed);
  if (changes.length > 0 && desired.secretsReadable)
    return main.state === 'created'
      ? planAnew(input, main, changes, ports)
      : planReplacement(input, main, changes, ports);
  if (main.state === 'dead')
    return act(
      [
        removal(main, `${main.name} is dead`, true),
        ...creation(input, ports, { cause: 'the container is dead', drift: 'state' }),
      ],
      ports,
    );
  if (failed !== null && main.state === 'created')
    return emptyPlan({ kind: 'failing', failure: failed, serving: false });
  return planMatching(input, main, ports);
}

/** A container that never ran is nothing to come back to: law 6 has nothing to keep. */
function planAnew(
  input: WorkspaceInput,
  main: ObservedContainer,
  changes: readonly Difference[],
  ports: readonly PublishedPort[],
): Plan {
  const cause = changes.map((change) => change.cause).join(', ');
  return act([removal(main, `it never ran; ${cause}`, true), ...creation(input, ports, { cause })], ports);
}

/** The container is what the spec asks for: keep it up, in place. */
function planMatching(input: WorkspaceInput, main: ObservedContainer, ports: readonly PublishedPort[]): Plan {
  const inPlace = inPlaceOperations(main, input.desired.inPlace);
  const network = networkOperations(input, main);
  if (main.state === 'paused')
    return act(
      [
        ...inPlace,
        { type: 'unpause-container', container: target(main), cause: 'state: paused -> running', drift: 'state' },
      ],
      ports,
    );
  if (main.state === 'created' || main.state === 'exited') {
    const wait = main.state === 'exited' ? restartDelay(main, input.memory.starts, input.now) : 0;
    if (wait > 0) return { ...emptyPlan(crashing(main), wait), ports };
    const why =
      main.state === 'created'
        ? ({ cause: 'the container never started', first: true } as const)
        : { cause: 'state: exited -> running' };
    return act(
      [
        ...inPlace,
        ...network,
        ...starting(input, { type: 'start-container', container: target(main), ...why, drift: 'state' }),
      ],
      ports,
    );
  }
  if (inPlace.length + network.length > 0) return act([...inPlace, ...network], ports);
  return { ...emptyPlan(runningVerdict(main)), ports };
}

/**
 * A container that runs, or will be started on what its profile holds, gets changed packages in place (F10): they are asked
 * for beside whatever else there is to do.
 */
function withPackages(input: WorkspaceInput, { main }: Slots, plan: Plan, environment: EnvironmentPlan): Plan {
  const { desired, observed } = input;
  const isMade = plan.operations.some(({ type }) => type === 'create-container' || type === 'start-container');
  if (desired.state === 'Stopped' || main === null || observed.cache?.mustStop === true) return plan;
  const asks = plan.operations.some(({ type }) => type === 'realise-environment') ? [] : environment.ask;
  if (isMade) return { ...plan, operations: [...asks, ...plan.operations] };
  const serving = main.state === 'running';
  if (asks.length + environment.barrier.length > 0) {
    const message = observed.cache?.progress ?? asks[0]?.cause ?? 'the packages are being realised';
    const verdict: Verdict =
      plan.verdict.kind === 'ready' ? { kind: 'progressing', message, replacing: true } : plan.verdict;
    return {
      ...plan,
      operations: [...plan.operations, ...asks, ...environment.barrier.map(atOnce)],
      verdict,
      recheckAfterMs: plan.recheckAfterMs ?? environment.retryMs,
    };
  }
  if (environment.failure === null || plan.verdict.kind !== 'ready') return plan;
  return {
    ...plan,
    verdict: { kind: 'failing', failure: environment.failure, serving },
    recheckAfterMs: environment.retryMs,
  };
}

/** Nothing waits for it: the end of the realisation wakes the workspace. */
function atOnce(operation: Operation): Operation {
  return operation.type === 'await-environment' ? { ...operation, waitMs: 0 } : operation;
}

/** The cache is being emptied: what uses it is down meanwhile, and comes back by the ordinary plan. */
function planCleared({ main, next }: Slots, failure: Failure | null): Plan {
  const cause = 'the cache is being emptied';
  const operations = [main, next].flatMap((container) =>
    container !== null && isUp(container) ? stopping(container, cause) : [],
  );
  const verdict: Verdict = {
    kind: 'failing',
    failure: failure ?? { reason: 'CacheClearing', message: cause },
    serving: false,
  };
  return { ...emptyPlan(verdict), operations };
}

function networkOperations(input: WorkspaceInput, main: ObservedContainer): Operation[] {
  const network = input.observed.networks.get(WORKSPACE_NETWORK);
  const attached = main.networks.find((one) => one.name === WORKSPACE_NETWORK);
  const stale = attached !== undefined && network !== undefined && attached.id !== '' && attached.id !== network.id;
  if (attached !== undefined && !stale) return [];
  const cause = stale ? `network ${WORKSPACE_NETWORK}: made anew` : `network ${WORKSPACE_NETWORK}: disconnected`;
  const step = { network: WORKSPACE_NETWORK, container: target(main), cause, drift: 'network' } as const;
  return [...(stale ? [{ type: 'disconnect-network', ...step } as const] : []), { type: 'connect-network', ...step }];
}

function runningVerdict(main: ObservedContainer): Verdict {
  switch (readiness(main)) {
    case 'ready':
      return { kind: 'ready' };
    case 'starting':
      return { kind: 'progressing', message: 'the health check has not answered yet', replacing: false };
    case 'unhealthy':
      return { kind: 'failing', failure: { reason: 'Unhealthy', message: 'the health check fails' }, serving: true };
    case 'crashing':
    case 'down':
      return crashing(main);
  }
}

function crashing(main: ObservedContainer): Verdict {
  return {
    kind: 'failing',
    failure: { reason: 'CrashLoop', message: `the main process ended${describeExit(main)}, again and again` },
    serving: false,
  };
}

/** After a failed replacement the old container serves on, whatever becomes of it. */
function keepServing({ memory, now }: WorkspaceInput, main: ObservedContainer, failure: Failure): Plan {
  const verdict: Verdict = { kind: 'failing', failure, serving: main.state === 'running' };
  const cause = `keep the old container: ${failure.message}`;
  if (main.state === 'paused')
    return {
      ...emptyPlan(verdict),
      operations: [{ type: 'unpause-container', container: target(main), cause, drift: 'state' }],
    };
  if (main.state !== 'exited') return emptyPlan(verdict);
  const wait = restartDelay(main, memory.starts, now);
  if (wait > 0) return emptyPlan(verdict, wait);
  return {
    ...emptyPlan(verdict),
    operations: [{ type: 'start-container', container: target(main), cause, drift: 'state' }],
  };
}

function planWithoutMain(input: WorkspaceInput, slots: Slots, ports: readonly PublishedPort[]): Plan {
  const { desired, memory } = input;
  const main = containerName(desired.name);
  // Before the replacement: the renamed one may be the old container that it replaces.
  const [stray] = slots.strays;
  if (stray !== undefined) {
    return act(
      [
        {
          type: 'rename-container',
          container: target(stray),
          to: main,
          cause: `name: ${stray.name} -> ${main}`,
          drift: 'name',
        },
      ],
      ports,
    );
  }
  if (slots.next !== null) {
    return act(
      [
        {
          type: 'rename-container',
          container: target(slots.next),
          to: main,
          cause: 'finish the replacement',
          drift: 'name',
        },
      ],
      ports,
      true,
    );
  }
  if (memory.failed?.specHash === desired.specHash)
    return emptyPlan({ kind: 'failing', failure: memory.failed.failure, serving: false });
  // A data volume without its container: somebody removed it. Without either, the workspace is new.
  const wasThere = input.observed.volumes.has(dataVolumeName(desired.name));
  const why = wasThere
    ? ({ cause: `the container ${main} does not exist`, drift: 'container' } as const)
    : { cause: 'the workspace is new' };
  return act(creation(input, ports, why), ports);
}

function planStopped(slots: Slots, workspace: string): Plan {
  const cause = 'state: Stopped';
  const { main, next, strays } = slots;
  const operations: Operation[] = [];
  const keep = main ?? strays[0] ?? next;
  // Its data volume stays; what it is made from would keep the replaced system's store in the cache's volume for ever.
  if (main !== null && isOnBareStore(main)) {
    return leaveBareStore(main, cause);
  }
  if (next !== null && keep !== next)
    operations.push(removal(next, 'the replacement is not needed while stopped', true));
  if (keep !== null && isUp(keep)) operations.push(...stopping(keep, cause));
  if (main === null && keep !== null)
    operations.push({
      type: 'rename-container',
      container: target(keep),
      to: containerName(workspace),
      cause: 'finish the replacement',
    });
  return operations.length > 0 ? act(operations, []) : emptyPlan({ kind: 'stopped' });
}

/** The keeper waits for the old container, and the new one for what the keeper does: an import, or packages it cannot start without. */
function needsSoundStore({ desired, observed }: WorkspaceInput, failed: Failure | null): boolean {
  const { cache } = observed;
  return cache?.migration === 'due' && (cache.image === 'own' || (failed !== null && desired.packages.length > 0));
}

function leaveBareStore(main: ObservedContainer, cause: string): Plan {
  return act(
    [
      ...(isUp(main) ? stopping(main, cause) : []),
      removal(main, `a container of the replaced system, on its bare store; ${cause}`, true),
    ],
    [],
  );
}

/** Holds back what must not happen now: a conflict, damage or a missing object stops creations and starts, nothing else. */
function guard(
  input: WorkspaceInput,
  slots: Slots,
  plan: Plan,
  portFailure: Failure | null,
  environment: EnvironmentPlan,
): Plan {
  const { desired, observed } = input;
  const serving = slots.main?.state === 'running' || slots.next?.state === 'running';
  const held = (failure: Failure): Plan => emptyPlan({ kind: 'failing', failure, serving });
  const clash = conflict(input, slots);
  if (clash !== null) return held(clash);
  if (observed.storageDamaged && desired.state === 'Running') {
    return held({
      reason: 'DataVolumeDamaged',
      message: `the directory behind the volume ${dataVolumeName(desired.name)} is gone`,
    });
  }
  const creates = plan.operations.some((operation) => operation.type === 'create-container');
  const starts = plan.operations.some((operation) => operation.type === 'start-container');
  if (creates && !desired.secretsReadable)
    return held({ reason: 'SecretUnreadable', message: desired.problem?.message ?? 'a secret file cannot be read' });
  if (creates && desired.imagePullPolicy === 'Never' && observed.imagePresent === false) {
    return held({ reason: 'ImageMissing', message: `the image ${desired.creation.image} is not on the engine` });
  }
  if (!creates && !starts) return plan;
  const packages = missingPackages(input, slots, environment, creates);
  if (packages !== null && slots.next === null) return { ...held(packages), recheckAfterMs: environment.retryMs };
  const missing = missingPrerequisite(desired, observed) ?? portFailure;
  // A replacement under way has stopped the old container: going on or back is better than standing still.
  return missing !== null && slots.next === null ? held(missing) : plan;
}

/** Nothing is made or first started before its packages are there; what ran before may run again on what it had. */
function missingPackages(
  input: WorkspaceInput,
  { main }: Slots,
  environment: EnvironmentPlan,
  creates: boolean,
): Failure | null {
  const isNew = creates || main === null || main.state === 'created' || input.observed.cache?.profile === 'none';
  if (isNew && environment.blocks && environment.failure !== null) return environment.failure;
  return planImage(input).failure;
}
