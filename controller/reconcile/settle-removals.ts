import { SCAN, type Loop } from './loop.js';
import { decideRemovals } from './removals.js';
import { reportHeld } from './survey.js';

/** When to scan again for an orphan, in ms: later than the grace period after which it counts as gone. */
const ORPHAN_RESCAN_MS = 600;

/** Decides again which removals may go ahead, queues those, and records and reports those that wait for a person. */
export function settleRemovals(loop: Loop): void {
  const { state, view, ledger, instance, allowPrune, clock, inputs, queue } = loop;
  const unsure = decideRemovals(state, view, ledger, { instance, allowPrune, now: clock.now() });
  if (unsure) inputs.addAfter(SCAN, 'orphan', ORPHAN_RESCAN_MS);
  for (const name of state.removals.keys()) queue.add(name, 'removed');
  loop.heldRemovals.save([...state.held].sort());
  reportHeld(loop);
}
