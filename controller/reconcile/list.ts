import type { Failure } from '../model/reasons.js';
import { LIST, openQueue, type Loop } from './loop.js';
import { settleRemovals } from './settle-removals.js';
import { reportUnknown, surveyAll, type SurveyTrigger } from './survey.js';

/** After this many resyncs without the engine, every status becomes unknown; a restart of the engine takes less. */
const UNKNOWN_AFTER_RESYNCS = 2;

/**
 * Lists the engine, inspects every container if `deep`, and surveys all workspaces with the result; a failure is
 * retried.
 */
export async function list(loop: Loop, deep: boolean, trigger: string): Promise<void> {
  const { inputState, clock } = loop;
  try {
    await loop.view.relist(deep, loop.calls);
  } catch (error) {
    if (loop.signal.aborted) return;
    return noteOutage(loop, loop.classify(error));
  }
  const before = { ...inputState };
  loop.inputBackoff.reset(LIST);
  inputState.lastListAt = clock.now();
  setEngineUp(loop, true, null);
  settleRemovals(loop);
  if (inputState.lastScanAt !== null) surveyAll(surveyTrigger(before, deep, trigger), loop);
}

/** The trigger of a survey after a list, derived from the state `before` the list and from the trigger of the list. */
export function surveyTrigger(
  before: { readonly engineUp: boolean; readonly lastListAt: number | null },
  deep: boolean,
  trigger: string,
): SurveyTrigger {
  if (before.lastListAt === null) return 'start';
  if (!before.engineUp) return 'engine-up';
  if (trigger.includes('stream')) return 'stream';
  if (deep) return 'deep';
  return trigger === 'woken' ? 'woken' : 'resync';
}

function noteOutage(loop: Loop, failure: Failure): void {
  setEngineUp(loop, false, failure);
  const { lastListAt } = loop.inputState;
  if (lastListAt !== null && loop.clock.now() - lastListAt > UNKNOWN_AFTER_RESYNCS * loop.resyncMs)
    reportUnknown(failure, loop);
  loop.inputs.addAfter(LIST, 'retry', loop.inputBackoff.next(LIST));
}

function setEngineUp(loop: Loop, up: boolean, failure: Failure | null): void {
  if (up !== loop.inputState.engineUp || failure !== null) loop.listener.engineUp(up, failure);
  loop.inputState.engineUp = up;
  openQueue(loop);
}
