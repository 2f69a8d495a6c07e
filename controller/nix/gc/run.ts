import { EngineError, type CallOptions } from '../../docker/port.js';
import { later, type Clock } from '../../model/clock.js';
import type { GcResult } from '../../model/gc-status.js';
import { FailureError, type Failure } from '../../model/reasons.js';
import { firstGcState, nextGcState, type GcEvent, type GcState } from './machine.js';
import { RootAtRiskError } from './collect.js';
import type { GcWork } from './steps.js';

export interface GcEnd {
  readonly result: GcResult;
  readonly failure: Failure | null;
}

export interface GcRunDependencies {
  readonly clock: Clock;
  readonly cache: string;
  readonly deadlineMs: number;
  readonly onStep: (step: GcState, seconds: number) => void;
  /** The controller's own end: the run is left as it is, and the next one begins anew. */
  readonly calls: CallOptions;
}

/** What ends a run or mends what it did has time of its own: the deadline is over then. */
const UNBOUNDED: ReadonlySet<GcState> = new Set(['verifying', 'mending', 'releasing', 'failing', 'aborting']);

/** Goes through the machine's states until the last one. Throws only when the controller ends. */
export async function runGc({ step, openGate }: GcWork, dryRun: boolean, deps: GcRunDependencies): Promise<GcEnd> {
  const { clock, calls } = deps;
  const deadline = new AbortController();
  const over = new AbortController();
  later(clock, deps.deadlineMs, over.signal, () => deadline.abort());
  const bounded: CallOptions = {
    signal: AbortSignal.any([deadline.signal, ...(calls.signal === undefined ? [] : [calls.signal])]),
  };
  let state = firstGcState({ dryRun });
  let failure: Failure | null = null;
  try {
    for (;;) {
      if (state === 'succeeded') return { result: 'success', failure };
      if (state === 'failed' || state === 'aborted') return { result: state, failure };
      const startedAt = clock.now();
      let event: GcEvent = { type: 'DONE' };
      try {
        await step(state, UNBOUNDED.has(state) ? calls : bounded);
      } catch (error) {
        calls.signal?.throwIfAborted();
        // The first failure is the cause of those that follow.
        failure ??= failureOf(error, state, deadline.signal.aborted, deps);
        event = { type: error instanceof RootAtRiskError ? 'RISK' : 'FAILED' };
      }
      deps.onStep(state, (clock.now() - startedAt) / 1_000);
      state = nextGcState(state, event, { dryRun });
    }
  } finally {
    over.abort();
    openGate();
  }
}

function failureOf(error: unknown, state: GcState, isLate: boolean, { cache, deadlineMs }: GcRunDependencies): Failure {
  if (isLate)
    return {
      reason: 'GcDeadline',
      message: `the collection of the cache ${cache} was not through with ${state} after ${deadlineMs / 1_000} s`,
    };
  if (error instanceof FailureError) return error.failure;
  if (!(error instanceof EngineError))
    return {
      reason: 'ControllerFault',
      message: `${state} failed: ${error instanceof Error ? error.message : String(error)}`,
    };
  if (error.kind === 'unreachable')
    return { reason: 'EngineUnreachable', message: `the engine went away during ${state}: ${error.message}` };
  return { reason: 'KeeperNotReady', message: `${state} failed: ${error.message}` };
}
