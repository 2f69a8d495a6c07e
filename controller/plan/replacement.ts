import { isUp } from '../model/container-state.js';
import { containerName, nextContainerName } from '../model/names.js';
import type { Failure } from '../model/reasons.js';
import type { ObservedContainer } from '../model/engine-objects.js';
import type { PlanContext } from './context.js';
import type { Operation, Plan } from './types.js';
import { describeExit, readiness, target } from './containers.js';
import { containerDefinition } from './definition.js';
import { differences, type Difference } from './diff.js';
import { restartDelay } from './restarts.js';
import { act, emptyPlan, preparation, profileDirectories, removal, stopping, takesLong } from './steps.js';

/** A replacement without a health check counts as ready after it has run this long, in ms. */
export const MIN_READY_MS = 2_000;
/** A replacement that is not healthy this long after its own start period is given up, in ms. */
const HEALTH_PATIENCE_MS = 120_000;
/** One attempt more than the first, because an engine that restarts meanwhile must not count as a broken image. */
const STARTS_BEFORE_GIVING_UP = 2;

/**
 * Begins to replace `main`, which runs until the new container is created and is started again when that one fails (law
 * 6).
 */
export function planReplacement(context: PlanContext, main: ObservedContainer, changes: readonly Difference[]): Plan {
  const { desired, instance, observed, ports } = context;
  const cause = changes.map((change) => change.cause).join(', ');
  const drift = changes.every((change) => change.drift !== undefined) ? changes[0]?.drift : undefined;
  const name = nextContainerName(desired.name);
  const definition = containerDefinition(desired, instance, ports, main.id, observed.imagePath);
  const meanwhile = serveMeanwhile(context, main);
  const operations: Operation[] = [
    ...meanwhile,
    ...preparation(context, cause),
    { type: 'create-container', container: name, definition, cause, ...(drift === undefined ? {} : { drift }) },
    ...packagesFirst(context),
    ...(meanwhile.length > 0
      ? stopping({ ...main, state: 'running' }, cause)
      : isUp(main)
        ? stopping(main, cause)
        : []),
    { type: 'start-container', container: { name, id: null }, first: true, cause },
    ...profileDirectories(context, { name, id: null }),
    ...finish(desired.name, main, { name, id: null }, cause),
  ];
  return act(operations, ports, true);
}

/** Waits for packages first, so that the old container stays in service until the new one has what it needs. */
function packagesFirst({ environment: { blocks, barrier } }: PlanContext): readonly Operation[] {
  return blocks && !takesLong(barrier) ? barrier : [];
}

/** Keeps the old container up while the new one cannot be created. */
function serveMeanwhile({ desired, memory, now }: PlanContext, main: ObservedContainer): Operation[] {
  if (memory.blocked !== desired.specHash) return [];
  const step = {
    container: target(main),
    cause: 'the old container serves until the new one can be made',
    drift: 'state',
  } as const;
  if (main.state === 'paused') return [{ type: 'unpause-container', ...step }];
  return main.state === 'exited' && restartDelay(main, memory.starts, now) === 0
    ? [{ type: 'start-container', ...step }]
    : [];
}

function finish(
  workspace: string,
  main: ObservedContainer,
  next: { name: string; id: string | null },
  cause: string,
): Operation[] {
  return [
    { type: 'await-ready', container: next, cause },
    { type: 'remove-container', container: target(main), force: false, cause },
    { type: 'rename-container', container: next, to: containerName(workspace), cause: 'finish the replacement' },
  ];
}

/** Continues a replacement that is under way, begun in this run or before a crash: finishes it or undoes it. */
export function planTakeover(
  context: PlanContext,
  main: ObservedContainer,
  next: ObservedContainer,
  mainChanges: readonly Difference[],
): Plan {
  const { desired, memory, ports } = context;
  if (next.state === 'removing')
    return emptyPlan({ kind: 'progressing', message: `${next.name} is being removed`, replacing: true }, 1_000);
  if (memory.failed?.specHash === desired.specHash) return rollBack(main, next, memory.failed.failure);
  if (mainChanges.length === 0)
    return act(undo(main, next, 'the spec is back to what the old container runs'), ports, true);
  if (!desired.secretsReadable)
    return isUp(next)
      ? emptyPlan(unreadable(desired.problem?.message))
      : act(undo(main, next, 'a secret file cannot be read'), ports, true);
  const outdated = differences(next, desired);
  if (outdated.length > 0 || next.state === 'dead') {
    const cause = `the replacement is outdated: ${outdated.map((change) => change.cause).join(', ') || 'dead'}`;
    const restart = planReplacement(context, main, mainChanges);
    return { ...restart, operations: [removal(next, cause, true), ...restart.operations] };
  }
  return advance(context, main, next, mainChanges);
}

function advance(
  { desired, memory, now, ports }: PlanContext,
  main: ObservedContainer,
  next: ObservedContainer,
  mainChanges: readonly Difference[],
): Plan {
  const cause = mainChanges.map((change) => change.cause).join(', ');
  const remaining = finish(desired.name, main, target(next), cause);
  const starts = memory.nextStarts?.specHash === desired.specHash ? memory.nextStarts.count : 0;
  const stopMain = isUp(main) ? stopping(main, cause) : [];
  const start: Operation = {
    type: 'start-container',
    container: target(next),
    ...(next.state === 'created' ? { first: true } : {}),
    cause,
  };
  if (next.state === 'paused')
    return act(
      [
        ...stopMain,
        { type: 'unpause-container', container: target(next), cause: 'state: paused -> running', drift: 'state' },
        ...remaining,
      ],
      ports,
      true,
    );
  if (next.state === 'created' || (next.state === 'exited' && starts < STARTS_BEFORE_GIVING_UP)) {
    return act([...stopMain, start, ...remaining], ports, true);
  }
  const runningMs = memory.nextRunningSince === null ? 0 : now - memory.nextRunningSince;
  const patience = HEALTH_PATIENCE_MS + (desired.creation.healthcheck?.startPeriodMs ?? 0);
  const state = readiness(next);
  const failure = { reason: 'ReplacementFailed', message: `${describeFailure(next)} (${cause})` } as const;
  if (state === 'down' || state === 'crashing' || state === 'unhealthy')
    return rollBack(main, next, failure, desired.specHash);
  if (state === 'starting' && runningMs > patience) return rollBack(main, next, failure, desired.specHash);
  // Both containers run on one data volume, because the engine restarted or a person started the old one again.
  if (isUp(main)) return act([...stopMain, ...remaining], ports, true);
  const proven = state === 'ready' && (next.health === 'healthy' || runningMs >= MIN_READY_MS);
  if (proven) return act(remaining.slice(1), ports, true);
  // A change of health arrives as an event; a container without a health check has to be looked at again after a while.
  const recheckAfterMs = next.health === 'none' ? MIN_READY_MS - runningMs : patience - runningMs;
  return { ...act(remaining, ports, true), recheckAfterMs: Math.max(100, recheckAfterMs) };
}

function describeFailure(next: ObservedContainer): string {
  if (next.health === 'unhealthy' || next.health === 'starting') return 'the new container did not get healthy';
  const error = next.details?.error ?? '';
  if (error !== '') return `the new container did not start: ${error}`;
  return `the new container's main process ended${describeExit(next)}`;
}

function undo(main: ObservedContainer, next: ObservedContainer, cause: string): Operation[] {
  const back: Operation[] =
    main.state === 'exited' ? [{ type: 'start-container', container: target(main), cause }] : [];
  return [removal(next, cause, true), ...back];
}

function rollBack(main: ObservedContainer, next: ObservedContainer, failure: Failure, specHash?: string): Plan {
  return {
    ...emptyPlan({ kind: 'failing', failure, serving: main.state === 'running' }),
    operations: undo(main, next, `roll back: ${failure.message}`),
    giveUp: specHash === undefined ? null : { specHash, failure },
  };
}

function unreadable(message: string | undefined) {
  return {
    kind: 'failing',
    failure: { reason: 'SecretUnreadable', message: message ?? 'a secret file cannot be read' },
    serving: true,
  } as const;
}
