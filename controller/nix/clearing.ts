import type { CallOptions } from '../docker/port.js';
import { isUp } from '../model/container-state.js';
import { delay, type Clock } from '../model/clock.js';
import type { ObservedContainer } from '../model/engine-objects.js';
import { containerName, nextContainerName } from '../model/names.js';
import type { Environments } from './packages/environments.js';
import type { Keeper } from './keeper/keeper.js';

const STOP_DEADLINE_MS = 120_000;
const BACK_DEADLINE_MS = 120_000;
const POLL_MS = 200;

export interface ClearingDependencies {
  readonly cache: string;
  readonly clock: Clock;
  readonly keeper: Pick<Keeper, 'commands' | 'listUsers' | 'stop' | 'wipeUnheard' | 'unavailable'>;
  readonly environments: Pick<Environments, 'isBusy' | 'underWay'>;
  /** The workspaces of this controller that use the cache. */
  readonly workspaces: () => readonly string[];
  /** Called when `isUnderWay` has changed; the ordinary plans of the workspaces stop them or start them again. */
  readonly onChange: () => void;
  readonly isCollecting: () => boolean;
  /** Called before anything stops: what must not go on beside it ends. */
  readonly onBegin: () => void;
}

export interface Clearing {
  isUnderWay(): boolean;
  /**
   * Empties the cache and returns a sentence about the result. Throws an error of one line when the request is refused:
   * while other work is under way, or without `force` while the cache is used.
   */
  clear(force: boolean, calls: CallOptions): Promise<string>;
}

/**
 * Empties the volume of a cache and nothing else. Its workspaces stop, the keeper marks the volume and ends, and the
 * next keeper empties the volume before it does anything else. When the controller is killed meanwhile, its next run
 * starts the workspaces again. A store whose keeper does not answer, because its database is damaged, can be emptied by
 * `force` all the same.
 */
export function createClearing(deps: ClearingDependencies): Clearing {
  const { cache, clock, keeper, environments } = deps;
  let isUnderWay = false;

  function refusal(force: boolean, users: readonly ObservedContainer[]): string | null {
    if (isUnderWay) return `the cache ${cache} is being emptied already`;
    if (deps.isCollecting()) return `the garbage of the cache ${cache} is being collected: try again afterwards`;
    const missing = keeper.unavailable();
    if (missing !== null && !force) return `${missing.message}; --force empties the cache nevertheless`;
    const busyWith = environments.underWay().join('; ') || 'a profile is being switched';
    if (environments.isBusy()) return `packages are being realised (${busyWith}): try again afterwards`;
    const running = namesOf(users.filter(isUp));
    if (running.length > 0 && !force)
      return (
        `${running.join(', ')} use the cache ${cache}: stop them, or use --force, which stops them, ` +
        'empties the cache and starts them again'
      );
    const own = new Set(
      deps.workspaces().flatMap((workspace) => [containerName(workspace), nextContainerName(workspace)]),
    );
    const others = running.filter((name) => !own.has(name));
    return others.length > 0
      ? `${others.join(', ')} use the cache ${cache} and are not this controller's: stop them first`
      : null;
  }

  async function untilStopped(calls: CallOptions): Promise<void> {
    const deadline = clock.now() + STOP_DEADLINE_MS;
    for (;;) {
      const up = (await keeper.listUsers(calls)).filter(isUp);
      if (up.length === 0) return;
      if (clock.now() > deadline)
        throw new Error(`${namesOf(up).join(', ')} did not stop in time; nothing was emptied`);
      await delay(clock, POLL_MS, calls.signal);
      calls.signal?.throwIfAborted();
    }
  }

  /** Waits for the new keeper. Workspaces must not start before it has reported that the store is empty. */
  async function untilBack(calls: CallOptions): Promise<void> {
    const deadline = clock.now() + BACK_DEADLINE_MS;
    while (keeper.commands() === null) {
      if (clock.now() > deadline)
        throw new Error(
          `the cache ${cache} is being emptied, but its keeper has not come back yet: ` +
            (keeper.unavailable()?.message ?? ''),
        );
      await delay(clock, POLL_MS, calls.signal);
      calls.signal?.throwIfAborted();
    }
  }

  return {
    isUnderWay: () => isUnderWay,
    async clear(force, calls) {
      const users = await keeper.listUsers(calls);
      const refused = refusal(force, users);
      if (refused !== null) throw new Error(refused);
      const stopped = namesOf(users.filter(isUp));
      isUnderWay = true;
      deps.onBegin();
      deps.onChange();
      try {
        await untilStopped(calls);
        const commands = keeper.commands();
        if (commands !== null) {
          await commands.requestWipe(calls);
          await keeper.stop('the cache was emptied', calls);
        } else await keeper.wipeUnheard(calls);
        await untilBack(calls);
      } finally {
        isUnderWay = false;
        deps.onChange();
      }
      return stopped.length === 0
        ? `the cache ${cache} is empty`
        : `the cache ${cache} is empty; ${stopped.join(', ')} start again`;
    },
  };
}

function namesOf(containers: readonly ObservedContainer[]): string[] {
  return containers.map(({ name }) => name).sort();
}
