import type { CallOptions } from '../../docker/port.js';
import { LONGEST_GATE_MS, openGate, until } from './gate.js';
import { foretell } from './preview.js';
import { found, planNow, rootsOf, type GcRunState } from './run-state.js';

/** Lets go of roots that are over, and lets the collection go on. */
export async function expiring(run: GcRunState, calls: CallOptions): Promise<void> {
  const { environments, commands } = run.deps;
  // A link under way could meet its profile's removal.
  environments.seal();
  await until(run, () => !environments.isFlying(), LONGEST_GATE_MS, calls);
  run.plan = planNow(run);
  const { pin, expire, dropProfiles, unpin, forget } = run.plan;
  // Whoever comes back now asks for its packages anew, behind the gate.
  environments.dropProfiles(dropProfiles);
  const change = { pin, run: run.processes, expire, dropProfiles, unpin, forget, go: found(run.collector) };
  await commands.changeRoots(change, calls);
  environments.unseal();
}

/** Waits for the end of the collection in the keeper; in a dry run, works out what would go. */
export async function collecting(run: GcRunState, calls: CallOptions): Promise<void> {
  const collected = await found(run.collecting);
  run.collected = collected;
  run.deps.environments.forget(new Set(run.dryRun ? [] : collected.dead.keys()));
  openGate(run);
  if (run.dryRun) run.preview = await foretell(run.deps.commands, found(run.plan), rootsOf(run), collected, calls);
}
