import type { CallOptions } from '../../docker/port.js';
import { closeGate, openGate } from './gate.js';
import type { GcState } from './machine.js';
import { findingsOf, newGcRunState, type GcFindings, type GcRunState, type GcStepsDependencies } from './run-state.js';
import { collecting, expiring } from './step-collecting.js';
import { ending, mending, verifying } from './step-ending.js';
import { freezing, scanning } from './step-freezing.js';
import { listing, restoring } from './step-listing.js';
import { linking, preparing } from './step-preparing.js';

/** The states of a run that do something. */
export type GcStep = Exclude<GcState, 'succeeded' | 'failed' | 'aborted'>;

const STEPS: Readonly<Record<GcStep, (run: GcRunState, calls: CallOptions) => Promise<void>>> = {
  listing,
  restoring,
  linking,
  preparing,
  gating: closeGate,
  freezing,
  scanning,
  expiring,
  collecting,
  verifying,
  mending,
  releasing: ending,
  failing: ending,
  aborting: ending,
};

/** One run: what each state of the machine does to it, and what it has come to. */
export interface GcWork {
  /** Throws what went wrong: a `FailureError` for people, an `EngineError` of the engine. */
  readonly step: (state: GcStep, calls: CallOptions) => Promise<void>;
  readonly openGate: () => void;
  readonly findings: () => GcFindings;
}

/** A new run; its steps are for the machine to call, in its order. */
export function createGcWork(deps: GcStepsDependencies, dryRun: boolean): GcWork {
  const run = newGcRunState(deps, dryRun);
  return {
    step: (state, calls) => STEPS[state](run, calls),
    openGate: () => openGate(run),
    findings: () => findingsOf(run),
  };
}
