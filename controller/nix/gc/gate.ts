import type { CallOptions } from '../../docker/port.js';
import { delay } from '../../model/clock.js';
import { FailureError } from '../../model/reasons.js';
import type { GcRunState } from './run-state.js';

/** Realisations get so long to end by themselves before new ones have to wait, and then so long in all. */
const PATIENCE_MS = 10_000;
export const LONGEST_GATE_MS = 300_000;
const POLL_MS = 20;

/** Holds realisations and imports back and waits for those under way. Throws a `FailureError` when they do not end. */
export async function closeGate(run: GcRunState, calls: CallOptions): Promise<void> {
  const { clock, environments, imports } = run.deps;
  const isQuiet = () => !environments.isFlying() && !imports.isBusy();
  await until(run, isQuiet, PATIENCE_MS, calls);
  run.heldAt = clock.now();
  environments.hold();
  imports.hold();
  await until(run, isQuiet, LONGEST_GATE_MS, calls);
  if (isQuiet()) return;
  throw new FailureError({
    reason: 'GcBusy',
    message: `packages are still being realised: ${environments.underWay().join('; ') || 'an image is being imported'}`,
  });
}

/** Lets realisations and imports go on; an open gate stays open. */
export function openGate(run: GcRunState): void {
  if (run.heldAt === null) return;
  const { clock, environments, imports } = run.deps;
  run.heldMs = clock.now() - run.heldAt;
  run.heldAt = null;
  imports.letGo();
  environments.letGo();
}

/** Waits until `isDone`, or until `withinMs` are over. Throws when the signal aborts. */
export async function until(
  { deps: { clock } }: GcRunState,
  isDone: () => boolean,
  withinMs: number,
  { signal }: CallOptions,
): Promise<void> {
  const deadline = clock.now() + withinMs;
  while (!isDone() && clock.now() < deadline) {
    await delay(clock, POLL_MS, signal);
    signal?.throwIfAborted();
  }
}
