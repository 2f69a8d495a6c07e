import type { Controller } from '../reconcile/controller-types.js';
import type { Health } from '../server/read-routes.js';
import type { SourceSummary } from '../status/sources.js';

/** A controller counts as hung when it has not listed the engine for this long and for three resyncs. */
const LONGEST_SILENCE_MS = 60_000;

/**
 * Computes the health of a controller at `now`, in ms of the system clock.
 * @param engineDetail why the last list of the engine failed; empty when it succeeded
 */
export function healthOf(
  controller: Pick<Controller, 'lastListAt' | 'lastScanAt' | 'engineUp'>,
  sources: readonly Pick<SourceSummary, 'id' | 'readOnce'>[],
  { resyncMs, engineDetail, now }: { readonly resyncMs: number; readonly engineDetail: string; readonly now: number },
): Health {
  const listedAt = controller.lastListAt();
  const age = listedAt === null ? null : now - listedAt;
  const unread = sources.filter((source) => !source.readOnce);
  const facts = [
    age === null ? 'the engine was never listed' : `the engine was last listed ${Math.round(age / 1_000)} s ago`,
    controller.engineUp() ? null : engineDetail,
    unread.length === 0 ? null : `not read yet: ${unread.map((source) => source.id).join(', ')}`,
  ];
  return {
    alive: age !== null && age < Math.max(3 * resyncMs, LONGEST_SILENCE_MS),
    ready: controller.engineUp() && controller.lastScanAt() !== null && unread.length === 0,
    detail: facts.filter((fact) => fact !== null && fact !== '').join('; '),
  };
}
