import { initialTransition, setup, transition } from 'xstate';
import { failureClass } from '../model/reasons.js';
import type { Phase, Verdict } from '../model/status.js';

type LifecycleEvent =
  | { readonly type: 'ready' }
  | { readonly type: 'stopped' }
  | { readonly type: 'progress' }
  | { readonly type: 'replace' }
  /** A failure that leaves a container serving. */
  | { readonly type: 'degrade' }
  /** A failure that is tried again; what it means depends on what the workspace was. */
  | { readonly type: 'retry' }
  | { readonly type: 'wait' }
  | { readonly type: 'stall' }
  | { readonly type: 'hold' }
  | { readonly type: 'remove' };

/** What was ready and is not any more is Degraded; what never was is still on its way. */
const lostReadiness = { progress: 'Degraded', retry: 'Degraded' } as const;

/** Used through pure transitions only: no actor runs and no snapshot is kept (trap xstate-1). */
const lifecycle = setup({ types: {} as { events: LifecycleEvent } }).createMachine({
  id: 'workspace',
  initial: 'Pending',
  on: {
    ready: '.Ready',
    stopped: '.Stopped',
    progress: '.Starting',
    replace: '.Replacing',
    degrade: '.Degraded',
    retry: '.Waiting',
    wait: '.Waiting',
    stall: '.Stalled',
    hold: '.Held',
    remove: '.Removing',
  },
  states: {
    Pending: {},
    Waiting: {},
    Starting: {},
    Ready: { on: lostReadiness },
    Replacing: { on: { retry: 'Degraded' } },
    Degraded: { on: lostReadiness },
    Stalled: {},
    Stopped: {},
    Held: {},
    Removing: {},
  },
});

/** The phase after `verdict` for a workspace that was in `phase`; null for one not seen before. */
export function nextPhase(phase: Phase | null, verdict: Verdict): Phase {
  const current = phase === null ? initialTransition(lifecycle)[0] : lifecycle.resolveState({ value: phase });
  return transition(lifecycle, current, eventOf(verdict))[0].value;
}

function eventOf(verdict: Verdict): LifecycleEvent {
  switch (verdict.kind) {
    case 'ready':
    case 'stopped':
      return { type: verdict.kind };
    case 'progressing':
      return { type: verdict.replacing ? 'replace' : 'progress' };
    case 'failing':
      return failingEvent(verdict);
    case 'held':
      return { type: 'hold' };
    case 'removing':
    case 'removed':
      return { type: 'remove' };
  }
}

function failingEvent(verdict: Extract<Verdict, { kind: 'failing' }>): LifecycleEvent {
  if (verdict.serving) return { type: 'degrade' };
  // Not a failure yet: the health check has not answered.
  if (verdict.failure.reason === 'Starting') return { type: 'progress' };
  switch (failureClass(verdict.failure.reason)) {
    case 'transient':
      return { type: 'retry' };
    case 'waiting':
      return { type: 'wait' };
    case 'stalled':
      return { type: 'stall' };
  }
}
