import type { ObservedContainer } from '../model/engine-objects.js';
import type { WorkspaceMemory } from './types.js';

const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 300_000;
/** A main process that ran this long did not crash at its start, so the count of starts begins anew. */
export const LASTING_RUN_MS = 30_000;

/** Counts one more start at `now`. */
export function countStart(starts: WorkspaceMemory['starts'], now: number): WorkspaceMemory['starts'] {
  const lasted = starts === null || now - starts.lastAt > LASTING_RUN_MS + delayOf(starts.count);
  return { count: lasted ? 1 : starts.count + 1, lastAt: now };
}

/** How long to wait before the container is started again, in ms: twice no time, then a delay that doubles (law 8). */
export function restartDelay(container: ObservedContainer, starts: WorkspaceMemory['starts'], now: number): number {
  if (starts === null) return 0;
  const details = container.details;
  const ranMs = details?.finishedAt != null && details.startedAt != null ? details.finishedAt - details.startedAt : 0;
  if (ranMs > LASTING_RUN_MS) return 0;
  return Math.max(0, starts.lastAt + delayOf(starts.count) - now);
}

function delayOf(count: number): number {
  return count < 3 ? 0 : Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (count - 3));
}
