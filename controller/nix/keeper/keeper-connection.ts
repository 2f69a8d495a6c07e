import type { CallOptions } from '../../docker/port.js';
import type { ObservedContainer } from '../../model/engine-objects.js';
import type { Failure } from '../../model/reasons.js';
import { STOP_GRACE_SECONDS } from '../../model/stop-grace.js';
import { commandFailure, createKeeperCommands } from './keeper-commands.js';
import type { KeeperContext } from './keeper-state.js';
import { withLastWords } from './last-words.js';

/**
 * Gives commands to this keeper from now on, once its daemon has answered; nothing is asked of one that has answered
 * since its start. One that does not answer is disconnected, with its last words as the failure.
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

/** Whether the daemon in this container answers; commands do not go to it yet. */
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

/** No keeper can be asked from now on: for this failure or, where it is none, for the reason in `message`. */
export function disconnectKeeper({ deps, state }: KeeperContext, failure: Failure | null, message: string): void {
  const was = state.answering;
  was?.commands.leave();
  state.answering = null;
  state.failure = failure;
  state.message = message;
  if (was !== null) deps.onDown();
}

/** Ends the container of the keeper that answers, if one does; `why` is for people. The next look starts it again. */
export async function stopKeeper(context: KeeperContext, why: string, calls: CallOptions): Promise<void> {
  const { deps, state } = context;
  const was = state.answering;
  disconnectKeeper(context, null, why);
  if (was === null) return;
  await deps.docker.stopContainer(was.id, STOP_GRACE_SECONDS, calls);
  // A look while the container was ending may have connected to it once more.
  if (state.answering?.id === was.id && state.answering.startedAt === was.startedAt)
    disconnectKeeper(context, null, why);
}
