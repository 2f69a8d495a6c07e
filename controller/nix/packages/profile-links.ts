import type { CallOptions } from '../../docker/port.js';
import type { EmitCacheEvent } from '../../model/cache-event.js';
import type { CacheUse } from '../../model/cache-status.js';
import type { Clock } from '../../model/clock.js';
import type { KnownEnvironment } from '../keeper/keeper-answers.js';
import type { KeeperCommands } from '../keeper/keeper-commands.js';
import { warmUse } from './accounts.js';
import type { ProfileWaits } from './profile-waits.js';
import type { Profiles } from './profiles.js';

export interface ProfileLinksDependencies {
  readonly cache: string;
  readonly clock: Clock;
  readonly calls: CallOptions;
  readonly keeper: () => Pick<KeeperCommands, 'link'> | null;
  readonly known: (key: string) => KnownEnvironment | null;
  readonly profiles: Profiles;
  readonly waits: ProfileWaits;
  readonly emit: EmitCacheEvent;
  /** Called when the environment could not be linked. */
  readonly onFailed: (key: string, error: unknown) => void;
  /** Called when no switch is under way any more. */
  readonly onIdle: () => void;
}

/** Switches the profiles of one cache; all requests for one environment that arrive together share one command. */
export interface ProfileLinks {
  /**
   * Links the profiles of the workspaces. `use` is the use of the cache by the realisation, for the workspace that
   * requested it first.
   */
  link(key: string, workspaces: readonly string[], use?: CacheUse): void;
  isSwitching(workspace: string): boolean;
  isBusy(): boolean;
}

/** Creates the links; nothing is switched before the first `link`. */
export function createProfileLinks(deps: ProfileLinksDependencies): ProfileLinks {
  const { cache, clock, emit, profiles, waits } = deps;
  /** The workspaces that wait to be linked, by environment key, each with the time of its request. */
  const waiting = new Map<string, Map<string, number>>();
  const switching = new Set<string>();
  const firstUses = new Map<string, CacheUse>();
  let running: Promise<void> | null = null;

  function start(): void {
    if (running !== null || waiting.size === 0) return;
    running = linkAll().finally(() => {
      running = null;
      // A request may have arrived after the last check of `waiting`.
      start();
      if (running === null) deps.onIdle();
    });
  }

  async function linkAll(): Promise<void> {
    for (;;) {
      const next = [...waiting][0];
      if (next === undefined) return;
      const [key, batch] = next;
      waiting.delete(key);
      await linkBatch(key, batch);
    }
  }

  async function linkBatch(key: string, batch: ReadonlyMap<string, number>): Promise<void> {
    const workspaces = [...batch.keys()].sort();
    const uses = new Map<string, CacheUse>();
    try {
      const environment = deps.known(key);
      const keeper = deps.keeper();
      if (environment === null || keeper === null) return;
      // A start waits for this callback, so the accounting and the events follow after it.
      const onLinked = (workspace: string) => {
        profiles.set(workspace, environment.path);
        const seconds = (clock.now() - (batch.get(workspace) ?? clock.now())) / 1_000;
        uses.set(workspace, firstUses.get(workspace) ?? warmUse(environment, seconds));
        waits.wake(workspace);
      };
      await keeper.link(environment.path, workspaces, onLinked, deps.calls);
    } catch (error) {
      deps.onFailed(key, error);
    } finally {
      for (const [workspace, use] of uses) emit({ type: 'linked', cache, workspace, use });
      for (const workspace of workspaces) {
        firstUses.delete(workspace);
        switching.delete(workspace);
        waits.wake(workspace);
      }
      emit({ type: 'changed', cache, workspaces });
    }
  }

  return {
    link(key, workspaces, use) {
      if (workspaces.length === 0) return;
      const batch = waiting.get(key) ?? new Map<string, number>();
      waiting.set(key, batch);
      for (const workspace of workspaces) {
        if (!batch.has(workspace)) batch.set(workspace, clock.now());
        switching.add(workspace);
        if (use !== undefined) firstUses.set(workspace, use);
      }
      start();
    },
    isSwitching: (workspace) => switching.has(workspace),
    isBusy: () => running !== null,
  };
}
