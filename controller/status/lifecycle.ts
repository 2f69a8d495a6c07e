import { initialTransition, setup, transition } from 'xstate';
import { failureClass } from '../model/reasons.js';
import type { Phase, Verdict } from '../model/status.js';

type LifecycleEvent =
  | { readonly type: 'ready' }
  | { readonly type: 'stopped' }
  | { readonly type: 'progress' }
  | { readonly type: 'replace' }
  /** A failure while a container is still in service. */
  | { readonly type: 'degrade' }
  /** A failure that is retried; its meaning depends on the previous phase of the workspace. */
  | { readonly type: 'retry' }
  | { readonly type: 'wait' }
  | { readonly type: 'stall' }
  | { readonly type: 'hold' }
  | { readonly type: 'remove' };

/** A workspace that was ready and is not any more is Degraded; one that was never ready is still on its way. */
const lostReadiness = { progress: 'Degraded', retry: 'Degraded' } as const;

/** Only pure transitions are used: no actor runs, and no snapshot is kept (trap xstate-1). */
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

/** The phase after `verdict` for a workspace that was in `phase`; null for a workspace that is new. */
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
  // This is not a failure yet, because the health check has not answered.
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
