import { delay, type Clock } from '../../model/clock.js';

/** Lets starts of workspaces wait until their profile is switched. */
export interface ProfileWaits {
  /** Resolves with true as soon as the profile contains the environment, or with false after `waitMs`. */
  inPlace(workspace: string, key: string, waitMs: number): Promise<boolean>;
  /** Makes all waiters of the workspace check again, because its profile was switched or will not be. */
  wake(workspace: string): void;
}

/** Creates the waits. `keyOf` returns the key of the environment that is in a workspace's profile now. */
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
