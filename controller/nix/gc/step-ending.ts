import type { CallOptions } from '../../docker/port.js';
import { FailureError } from '../../model/reasons.js';
import { openGate } from './gate.js';
import type { GcRunState } from './run-state.js';

/**
 * Looks for paths in use that are missing. Throws a `FailureError` when there were some, also when they could be had
 * again.
 */
export async function verifying({ deps }: GcRunState, calls: CallOptions): Promise<void> {
  const { mended, lost } = await deps.commands.verify(calls);
  deps.environments.forget(new Set(lost));
  const broken = [...lost, ...mended];
  if (broken.length === 0) return;
  const where = `in the store of the cache ${deps.cache}, such as ${broken[0]}`;
  throw new FailureError({
    reason: 'StoreDamaged',
    message: `${broken.length} paths in use were missing ${where}`,
  });
}

/**
 * After a collection that was cut short, Nix may still be deleting: the gate opens once the keeper has its lock again.
 */
export async function mending(run: GcRunState, calls: CallOptions): Promise<void> {
  await run.deps.commands.release(calls);
  openGate(run);
  await verifying(run, calls);
}

/** The end, whatever came before: what is left undone here only keeps more than it must, and goes with the next run. */
export async function ending(run: GcRunState, calls: CallOptions): Promise<void> {
  openGate(run);
  try {
    if (run.collecting !== null) await run.deps.commands.release(calls);
  } finally {
    // The last: while it is there, no other controller begins.
    await run.scanner?.remove(calls);
  }
}
