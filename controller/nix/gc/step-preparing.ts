import type { CallOptions } from '../../docker/port.js';
import { LONGEST_GATE_MS } from './gate.js';
import { lookForLinks, type LinkLookDependencies } from './link-look.js';
import { chooseExpired } from './pressure.js';
import { found, planNow, type GcRunState } from './run-state.js';
import { startScanner } from './scanner.js';

/** Users' links, as their containers and volumes show them, become roots. */
export async function linking(run: GcRunState, calls: CallOptions): Promise<void> {
  await lookForLinks(run.look, linkSourcesOf(run), run.users, found(run.inventory).links, calls);
  await run.deps.commands.changeRoots({ pin: run.look.found }, calls);
}

/** Starts the scanner, which takes longer than its look; over `maxBytes`, chooses what goes before its time. */
export async function preparing(run: GcRunState, calls: CallOptions): Promise<void> {
  const { docker, cache, image, instance, config, commands } = run.deps;
  run.scanner = await startScanner(docker, cache, image, instance, config.deadlineMs + LONGEST_GATE_MS, calls);
  if (config.maxBytes === null) return;
  const first = planNow(run);
  if (first.candidates.length === 0) return;
  const weights = await commands.pressure(
    first.lasting,
    first.candidates.map(({ path }) => path),
    calls,
  );
  run.pressed = chooseExpired(first.candidates, weights, config.maxBytes);
}

/** Where links may be: what the specs say now, and what is remembered of workspaces that are gone. */
export function linkSourcesOf({ deps }: GcRunState): LinkLookDependencies {
  const { clock, config, isComplete, goneSince, workspaces } = deps;
  return {
    ...deps,
    specs: () => new Map(workspaces().map(({ name, storageMountPath }) => [name, storageMountPath])),
    isRemembered: (name) => !isComplete() || clock.now() - (goneSince().get(name) ?? -Infinity) < config.retainMs,
  };
}
