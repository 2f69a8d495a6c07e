import type { CallOptions } from '../../docker/port.js';
import type { CacheUse } from '../../model/cache-status.js';
import type { EmitCacheEvent } from '../../model/cache-event.js';
import { delay, type Clock } from '../../model/clock.js';
import { warmUse } from './accounts.js';
import { keyOfPath } from './environment-key.js';
import type { KnownEnvironment } from '../keeper/keeper-answers.js';
import type { KeeperCommands } from '../keeper/keeper-commands.js';

export interface ProfilesDependencies {
  readonly cache: string;
  readonly clock: Clock;
  readonly calls: CallOptions;
  readonly keeper: () => KeeperCommands | null;
  readonly known: (key: string) => KnownEnvironment | undefined;
  readonly emit: EmitCacheEvent;
  /** The environment could not be linked. */
  readonly onFailed: (key: string, error: unknown) => void;
  /** No switch is under way any more. */
  readonly onIdle: () => void;
}

/** The workspaces' profiles in one cache: which environment each holds, and how that is switched. */
export function createProfiles(deps: ProfilesDependencies) {
  const { cache, clock, calls, emit } = deps;
  /** Environment paths by workspace. */
  let profiles = new Map<string, string>();
  /** Workspaces that wait to be linked, with the time since when, by environment key. */
  const linking = new Map<string, Map<string, number>>();
  let links: Promise<void> | null = null;
  const switching = new Set<string>();
  /** What the realisation came to, for the workspace that asked first. */
  const firstUses = new Map<string, CacheUse>();
  const waiters = new Map<string, Set<() => void>>();

  function keyOf(workspace: string): string | null {
    const path = profiles.get(workspace);
    return path === undefined ? null : keyOfPath(path);
  }

  function link(key: string, workspaces: readonly string[], use?: CacheUse): void {
    if (workspaces.length === 0) return;
    const waiting = linking.get(key) ?? new Map<string, number>();
    linking.set(key, waiting);
    for (const workspace of workspaces) {
      if (!waiting.has(workspace)) waiting.set(workspace, clock.now());
      switching.add(workspace);
      if (use !== undefined) firstUses.set(workspace, use);
    }
    startLinking();
  }

  function startLinking(): void {
    if (links !== null || linking.size === 0) return;
    links = linkAll().finally(() => {
      links = null;
      // What came between the last look and this.
      startLinking();
      if (links === null) deps.onIdle();
    });
  }

  /** One command for all that have come together meanwhile. */
  async function linkAll(): Promise<void> {
    for (;;) {
      const next = [...linking][0];
      if (next === undefined) return;
      const [key, waiting] = next;
      linking.delete(key);
      await linkBatch(key, waiting);
    }
  }

  async function linkBatch(key: string, batch: ReadonlyMap<string, number>): Promise<void> {
    const environment = deps.known(key);
    const using = deps.keeper();
    const workspaces = [...batch.keys()].sort();
    const uses = new Map<string, CacheUse>();
    try {
      if (environment === undefined || using === null) return;
      // A start waits for it: those that come after the profile, the accounts too, do not keep it.
      const onLinked = (workspace: string) => {
        profiles.set(workspace, environment.path);
        const waited = (clock.now() - (batch.get(workspace) ?? clock.now())) / 1_000;
        uses.set(workspace, firstUses.get(workspace) ?? warmUse(environment, waited));
        wake(workspace);
      };
      await using.link(environment.path, workspaces, onLinked, calls);
    } catch (error) {
      deps.onFailed(key, error);
    } finally {
      for (const [workspace, use] of uses) emit({ type: 'linked', cache, workspace, use });
      for (const workspace of workspaces) {
        firstUses.delete(workspace);
        switching.delete(workspace);
        wake(workspace);
      }
      emit({ type: 'changed', cache, workspaces });
    }
  }

  function wake(workspace: string): void {
    for (const resolve of waiters.get(workspace) ?? []) resolve();
    waiters.delete(workspace);
  }

  return {
    link,
    keyOf,
    isSwitching: (workspace: string): boolean => switching.has(workspace),
    isBusy: (): boolean => links !== null,
    /** Distinct environments that a profile holds. */
    count: (): number => new Set(profiles.values()).size,
    /** Whether a profile holds this environment. */
    holds: (key: string): boolean => [...profiles.values()].some((path) => keyOfPath(path) === key),
    /** Workspaces whose profile holds one of these. */
    holding: (paths: ReadonlySet<string>): string[] =>
      [...profiles].filter(([, path]) => paths.has(path)).map(([workspace]) => workspace),
    names: (): string[] => [...profiles.keys()],
    drop(workspaces: readonly string[]): void {
      for (const workspace of workspaces) profiles.delete(workspace);
    },
    reset: (told: ReadonlyMap<string, string>): void => void (profiles = new Map(told)),
    /** Resolves with true as soon as the profile holds the environment, else with false after `waitMs`. */
    async inPlace(workspace: string, key: string, waitMs: number): Promise<boolean> {
      if (keyOf(workspace) === key) return true;
      if (waitMs <= 0) return false;
      const late = new AbortController();
      const wakes = waiters.get(workspace) ?? new Set();
      waiters.set(workspace, wakes);
      await new Promise<void>((resolve) => {
        wakes.add(resolve);
        void delay(clock, waitMs, late.signal).then(() => {
          wakes.delete(resolve);
          resolve();
        });
      });
      late.abort();
      if (wakes.size === 0) waiters.delete(workspace);
      return keyOf(workspace) === key;
    },
  };
}
