import type { GcRun } from '../model/gc-status.js';
import { freedText } from '../model/gc-text.js';
import { explain } from '../model/reasons.js';
import type { NewEvent } from '../model/status.js';

/** The event of a collection that ended; null for a scheduled one that deleted nothing, which is the usual case. */
export function gcEvent(cache: string, run: GcRun): NewEvent | null {
  const owner = { workspace: null, cache };
  if (run.result === 'success') {
    const isNews = run.trigger === 'request' || run.freedPaths > 0 || run.freedBytes > 0;
    return isNews ? { ...owner, type: 'Normal', reason: 'Collected', message: `freed ${freedText(run)}` } : null;
  }
  const { failure } = run;
  if (failure === null)
    return {
      ...owner,
      type: 'Warning',
      reason: 'NotCollected',
      message: `The collection ${run.result === 'aborted' ? 'was aborted' : 'failed'}.`,
    };
  return { ...owner, type: 'Warning', reason: failure.reason, message: explain(failure) };
}
