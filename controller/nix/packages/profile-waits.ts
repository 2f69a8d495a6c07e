import { delay, type Clock } from '../../model/clock.js';

/** Starts of workspaces that wait for their profile to be switched. */
export interface ProfileWaits {
  /** Resolves with true as soon as the profile holds the environment, else with false after `waitMs`. */
  inPlace(workspace: string, key: string, waitMs: number): Promise<boolean>;
  /** The workspace's profile has been switched, or will not be: whoever waits looks again. */
  wake(workspace: string): void;
}

/** `keyOf` gives the key of the environment that a workspace's profile holds now. */
export function createProfileWaits(clock: Clock, keyOf: (workspace: string) => string | null): ProfileWaits {
  const waiters = new Map<string, Set<() => void>>();
  return {
    async inPlace(workspace, key, waitMs) {
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
    wake(workspace) {
      for (const resolve of waiters.get(workspace) ?? []) resolve();
      waiters.delete(workspace);
    },
  };
}
