import type { RunOptions } from '../cli/actions.js';
import { EXIT } from '../cli/exit-codes.js';
import type { CliIo } from '../cli/io.js';
import type { Controller } from '../reconcile/controller-types.js';
import type { EngineRecord } from './engine-record.js';
import { delay, systemClock } from '../model/clock.js';
import type { Notifications } from './notifications.js';
import type { DesiredState } from '../source/desired-state.js';
import { failed, settled } from '../status/settled.js';
import type { StatusStore } from '../status/store.js';

/** How long `--once` waits for notifications. */
const NOTIFY_MS = 10_000;
/** `--once` gives up on an engine after this many failed lists in a row. */
const ONCE_ENGINE_TRIES = 4;
/** `--once` considers a workspace failed after this many failures in a row. */
const ONCE_WORKSPACE_TRIES = 3;

/** How the first convergence ended; `engine` means that the engine does not answer. */
export type Outcome = 'converged' | 'failed' | 'timeout' | 'interrupted' | 'engine';

/** The state from which the end of the first convergence is determined. */
export interface Convergence {
  readonly controller: Controller;
  readonly store: StatusStore;
  readonly sources: DesiredState;
  readonly engine: Pick<EngineRecord, 'failures'>;
  readonly signal: AbortSignal;
}

/** Resolves when every workspace either matches its spec or has failed in a way that waiting does not repair. */
export async function firstConvergence(options: RunOptions, parts: Convergence): Promise<Outcome> {
  const { controller, store, sources, engine, signal } = parts;
  const deadline = systemClock.now() + options.timeoutMs;
  while (!signal.aborted) {
    if (options.once && engine.failures() >= ONCE_ENGINE_TRIES) return 'engine';
    if (options.once && systemClock.now() > deadline) return 'timeout';
    const statuses = store.list();
    const hopeless = statuses.filter(
      (status) =>
        !settled(status) &&
        (failed(status, status.cache === null ? null : store.cache(status.cache.name)) ||
          controller.failures(status.name) >= ONCE_WORKSPACE_TRIES),
    );
    const open = statuses.length - statuses.filter(settled).length - hopeless.length;
    if (controller.idle() && sources.isSettled() && open === 0) return hopeless.length === 0 ? 'converged' : 'failed';
    await delay(systemClock, 50, signal);
  }
  return 'interrupted';
}

/** Prints why `--once` did not converge, and returns the exit code. */
export function finishOnce(
  outcome: Outcome,
  store: StatusStore,
  sources: DesiredState,
  engineDetail: string,
  io: CliIo,
): number {
  if (outcome === 'engine') io.err(`error: ${engineDetail}\n`);
  if (outcome === 'timeout') io.err('error: not all workspaces became Ready in time\n');
  const problems = sources.sources().flatMap((source) => source.problems);
  return outcome === 'converged' && problems.length === 0 && store.held().length === 0 ? EXIT.ok : EXIT.failed;
}

/**
 * Resolves when all notifications are sent, when `signal` aborts, or when the time limit for notifications has passed.
 */
export async function untilNotified(notifications: Notifications, signal: AbortSignal): Promise<void> {
  // The end of a rollout is reported shortly after the last status.
  await delay(systemClock, 200, signal);
  const deadline = systemClock.now() + NOTIFY_MS;
  while (!notifications.idle() && systemClock.now() < deadline && !signal.aborted) await delay(systemClock, 50, signal);
}
