import type { Clock } from '../model/clock.js';
import type { DesiredSnapshot } from '../model/desired.js';
import { problemText } from '../model/problem-text.js';
import type { Failure } from '../model/reasons.js';
import type { EngineView } from '../observe/engine-view.js';
import type { Plan } from '../plan/types.js';
import type { CacheReconciler, ControllerListener } from './interfaces.js';
import type { WorkQueue } from './queue.js';
import { cacheKey } from './reconcile-cache.js';
import { SHARED_KEY } from './reconcile-shared.js';
import { planFor, reportOf, type ControllerState } from './state.js';

/** The dependencies of a survey. */
export interface SurveyDependencies {
  readonly instance: string;
  readonly clock: Clock;
  readonly state: ControllerState;
  readonly view: EngineView;
  readonly queue: WorkQueue;
  readonly listener: ControllerListener;
  readonly caches: Pick<CacheReconciler, 'names' | 'keeperMoved'>;
}

/** Why all workspaces are surveyed. */
export type SurveyTrigger = 'start' | 'engine-up' | 'stream' | 'woken' | 'deep' | 'resync';

/** Plans every workspace from the last list, without a call, and queues those that need work (F15). */
export function surveyAll(
  trigger: SurveyTrigger,
  { instance, clock, state, view, queue, listener, caches }: SurveyDependencies,
): void {
  queue.add(SHARED_KEY, trigger, true);
  for (const name of caches.names())
    if (trigger !== 'resync' || caches.keeperMoved(name)) queue.add(cacheKey(name), trigger);
  for (const name of [...state.desired.workspaces.keys()].sort()) {
    if (trigger === 'resync' && queue.isBusy(name)) continue;
    const plan = planFor(name, state, view, instance, clock.now());
    if (plan === null) continue;
    // In a deep survey every workspace is reconciled, which also checks the directory of its volume.
    if (isSettled(plan) && trigger !== 'deep') {
      listener.report(reportOf(name, plan.verdict, state, view));
      continue;
    }
    queue.add(name, trigger, true);
  }
}

/**
 * Reports a workspace that needs no work, from the last observation and without a call; returns false when it needs
 * work.
 */
export function reportSettled(
  name: string,
  { instance, clock, state, view, queue, listener }: SurveyDependencies,
): boolean {
  const plan = queue.isBusy(name) ? null : planFor(name, state, view, instance, clock.now());
  if (plan === null || !isSettled(plan)) return false;
  listener.report(reportOf(name, plan.verdict, state, view));
  return true;
}

function isSettled({ operations, recheckAfterMs, verdict }: Plan): boolean {
  return operations.length === 0 && recheckAfterMs === null && verdict.kind !== 'failing';
}

/** Reports every workspace as unknown, because an old "Ready" would be wrong (law 10). */
export function reportUnknown(failure: Failure, { state, view, listener }: SurveyDependencies): void {
  for (const name of state.desired.workspaces.keys())
    listener.report(reportOf(name, { kind: 'failing', failure, serving: false }, state, view));
}

/**
 * Reports names that only a broken or duplicate spec claims. They have no good version to run, but they have a status.
 */
export function reportClaims(before: DesiredSnapshot, { state, view, listener }: SurveyDependencies): void {
  const { claimed, workspaces, problems } = state.desired;
  for (const name of claimed) {
    const problem = problems.find((one) => one.workspace === name);
    const message = problem === undefined ? 'the spec is invalid and has no good version' : problemText(problem);
    const serving = view.containersOf(name).some((container) => container.state === 'running');
    listener.report(
      reportOf(name, { kind: 'failing', failure: { reason: 'SpecInvalid', message }, serving }, state, view),
    );
  }
  for (const name of before.claimed) {
    if (!claimed.has(name) && !workspaces.has(name)) listener.report(reportOf(name, { kind: 'removed' }, state, view));
  }
}

/** Reports the removals that wait for a person. */
export function reportHeld({ state, view, listener }: SurveyDependencies): void {
  listener.held([...state.held].sort());
  const failure: Failure = {
    reason: 'DeletionHeld',
    message: `the specs of ${state.held.size} workspaces are gone at once`,
  };
  for (const name of state.held) listener.report(reportOf(name, { kind: 'held', failure }, state, view));
}
