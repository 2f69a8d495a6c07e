import { WORKSPACE_NETWORK } from '../model/names.js';
import type { ObservedContainer } from '../model/engine-objects.js';
import type { Failure } from '../model/reasons.js';
import type { Verdict } from '../model/status.js';
import { describeExit, readiness, target } from './containers.js';
import type { PlanContext } from './context.js';
import { inPlaceOperations } from './in-place.js';
import { restartDelay } from './restarts.js';
import { act, emptyPlan, starting } from './steps.js';
import type { Operation, Plan } from './types.js';

/** Keeps a container that matches its spec up, and updates it in place. */
export function planMatching(context: PlanContext, main: ObservedContainer): Plan {
  const { ports } = context;
  const inPlace = inPlaceOperations(main, context.desired.inPlace);
  const network = networkOperations(context, main);
  if (main.state === 'paused') {
    const cause = 'state: paused -> running';
    return act([...inPlace, { type: 'unpause-container', container: target(main), cause, drift: 'state' }], ports);
  }
  if (main.state === 'created' || main.state === 'exited') {
    const wait = main.state === 'exited' ? restartDelay(main, context.memory.starts, context.now) : 0;
    if (wait > 0) return { ...emptyPlan(crashing(main), wait), ports };
    const why =
      main.state === 'created'
        ? ({ cause: 'the container never started', first: true } as const)
        : { cause: 'state: exited -> running' };
    const start: Operation = { type: 'start-container', container: target(main), ...why, drift: 'state' };
    return act([...inPlace, ...network, ...starting(context, start)], ports);
  }
  if (inPlace.length + network.length > 0) return act([...inPlace, ...network], ports);
  return { ...emptyPlan(runningVerdict(main)), ports };
}

/** Keeps the old container in service after a failed replacement, whatever state it is in. */
export function keepServing({ memory, now }: PlanContext, main: ObservedContainer, failure: Failure): Plan {
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

function networkOperations({ observed }: PlanContext, main: ObservedContainer): Operation[] {
  const network = observed.networks.get(WORKSPACE_NETWORK);
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
