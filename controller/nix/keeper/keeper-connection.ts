import type { CallOptions } from '../../docker/port.js';
import type { ObservedContainer } from '../../model/engine-objects.js';
import type { Failure } from '../../model/reasons.js';
import { STOP_GRACE_SECONDS } from '../../model/stop-grace.js';
import { commandFailure, createKeeperCommands } from './keeper-commands.js';
import type { KeeperContext } from './keeper-state.js';
import { withLastWords } from './last-words.js';

/**
 * Directs commands to this keeper once its daemon has answered. A keeper that has answered since its start is not asked
 * again. A keeper that does not answer is disconnected, with the last lines of its output in the failure.
 */
export async function connectKeeper(
  context: KeeperContext,
  container: ObservedContainer,
  calls: CallOptions,
): Promise<void> {
  const { deps, state } = context;
  const startedAt = container.details?.startedAt ?? null;
  if (state.answering?.id === container.id && state.answering.startedAt === startedAt) return;
  const commands = createKeeperCommands(deps.docker, container.id, deps.clock);
  try {
    const inventory = await commands.inventory(calls);
    state.answering = { id: container.id, startedAt, commands, nixVersion: inventory.nixVersion };
    state.failure = null;
    deps.onUp(commands, inventory);
  } catch (error) {
    const failure = await withLastWords(deps.docker, commandFailure(error, deps.cache), container, calls);
    disconnectKeeper(context, failure, '');
  }
}

/** Whether the daemon in this container answers. Commands are not directed to it yet. */
export async function doesKeeperAnswer(
  { deps }: KeeperContext,
  container: ObservedContainer,
  calls: CallOptions,
): Promise<boolean> {
  try {
    await createKeeperCommands(deps.docker, container.id, deps.clock).inventory(calls);
    return true;
  } catch (error) {
    commandFailure(error, deps.cache);
    return false;
  }
}

/** Directs commands to no keeper any more, because of this failure or, when it is null, for the reason in `message`. */
export function disconnectKeeper({ deps, state }: KeeperContext, failure: Failure | null, message: string): void {
  const was = state.answering;
  was?.commands.leave();
  state.answering = null;
  state.failure = failure;
  state.message = message;
  if (was !== null) deps.onDown();
}

/**
 * Stops the container of the keeper that answers, if there is one; `why` is for people. The next look starts it again.
 */
export async function stopKeeper(context: KeeperContext, why: string, calls: CallOptions): Promise<void> {
  const { deps, state } = context;
  const was = state.answering;
  disconnectKeeper(context, null, why);
  if (was === null) return;
  await deps.docker.stopContainer(was.id, STOP_GRACE_SECONDS, calls);
  // A reconciliation may have connected to the container again while it was stopping.
  if (state.answering?.id === was.id && state.answering.startedAt === was.startedAt)
    disconnectKeeper(context, null, why);
}

/**
 * Marks the volume of a keeper that does not answer, so that its next start empties the volume, and ends the container.
 * Runs no program, because the keeper's may lie in the store that is damaged. Throws when there is no container.
 */
export async function wipeUnheard({ deps, state }: KeeperContext, calls: CallOptions): Promise<void> {
  const { container } = state;
  if (container === null)
    throw new Error(`the keeper of the cache ${deps.cache} has no container; nothing was emptied`);
  const stop = () => deps.docker.stopContainer(container.id, STOP_GRACE_SECONDS, calls);
  await stop();
  await deps.docker.putDirectories(container.id, '/nix/var', ['kalpana', 'kalpana/wipe'], calls);
  // A reconciliation may have started it before it was marked. Without this call it would end by itself, a bit later.
  await stop();
}
