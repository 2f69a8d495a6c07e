import { explain } from '../model/reasons.js';
import { pathsText } from '../model/gc-text.js';
import type { NewEvent } from '../model/status.js';
import type { VerifyRun } from '../model/verify-status.js';
import { verifiedText } from '../model/verify-text.js';

/**
 * The event of a verification that ended; null for a scheduled one without news. Damage is told by the condition
 * `StoreIntact`, once, and not again by each run that finds it.
 */
export function verifyEvent(cache: string, run: VerifyRun): NewEvent | null {
  const owner = { workspace: null, cache };
  const { failure, mended, trigger, result } = run;
  if (failure !== null) return { ...owner, type: 'Warning', reason: failure.reason, message: explain(failure) };
  if (mended.count > 0)
    return {
      ...owner,
      type: 'Normal',
      reason: 'Mended',
      message: `${pathsText(mended.count)}, such as ${mended.first[0]}`,
    };
  if (result !== 'intact' || trigger !== 'request') return null;
  return { ...owner, type: 'Normal', reason: 'Verified', message: `whole: ${verifiedText(run)}` };
}
