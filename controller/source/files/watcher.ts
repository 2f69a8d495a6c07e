import { watch as watchDirectory } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Clock } from '../../model/clock.js';

const DEBOUNCE_MS = 25;
const ROOT_POLL_MS = 2000;

/** Hints that a directory may have changed. Only a hint (law 1): what it misses, the resync finds. */
export interface Watcher {
  /** Calls `onHint` after changes, until the returned function is called. */
  subscribe(onHint: () => void): () => void;
  /** Watches one more directory; one that was replaced under its name is watched anew. Harmless without subscribers. */
  arm(path: string): Promise<void>;
  /** Gives up all directories but these and the roots. */
  keepOnly(paths: ReadonlySet<string>): void;
  /** A hint in `ms` milliseconds. */
  hintIn(ms: number): void;
}

interface Armed {
  readonly identity: string;
  readonly handle: FSWatcher;
}

/** `roots` are looked at every two seconds, as they may be missing. Nothing runs while nobody is subscribed. */
export function createWatcher(roots: readonly string[], clock: Clock): Watcher {
  const listeners = new Set<() => void>();
  const armed = new Map<string, Armed>();
  const wanted = new Set<string>(roots);
  const timers = new Set<() => void>();
  let isHintDue = false;

  const later = (ms: number, task: () => void): void => {
    const cancel = clock.after(ms, () => {
      timers.delete(cancel);
      task();
    });
    timers.add(cancel);
  };

  const hint = (): void => {
    if (isHintDue || listeners.size === 0) return;
    isHintDue = true;
    later(DEBOUNCE_MS, () => {
      isHintDue = false;
      for (const listener of [...listeners]) listener();
    });
  };

  const disarm = (path: string, handle: FSWatcher | undefined = armed.get(path)?.handle): void => {
    handle?.close();
    if (armed.get(path)?.handle === handle) armed.delete(path);
  };

  /** True when the directory is watched now and was not before. */
  const arm = async (path: string): Promise<boolean> => {
    wanted.add(path);
    if (listeners.size === 0) return false;
    const identity = await identityOf(path);
    // Nothing may be awaited from here on: calls for one path overlap.
    if (identity === armed.get(path)?.identity || listeners.size === 0) return false;
    disarm(path);
    if (identity === null) return false;
    try {
      const handle = watchDirectory(path, hint);
      handle.on('error', () => disarm(path, handle));
      armed.set(path, { identity, handle });
      return true;
    } catch {
      // No inotify watches left, or gone meanwhile: the resync sees to it.
      return false;
    }
  };

  /** A root that is missing, or was replaced unseen, tells nothing by itself. */
  const lookAtRoots = (): void => {
    later(ROOT_POLL_MS, () => {
      lookAtRoots();
      for (const root of roots) void arm(root).then((isNew) => isNew && hint());
    });
  };

  const start = (): void => {
    lookAtRoots();
    for (const path of wanted) void arm(path).then((isNew) => isNew && hint());
  };

  const stop = (): void => {
    for (const path of [...armed.keys()]) disarm(path);
    for (const cancel of [...timers]) cancel();
    timers.clear();
    isHintDue = false;
  };

  return {
    subscribe(onHint) {
      const listener = () => onHint();
      listeners.add(listener);
      if (listeners.size === 1) start();
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) stop();
      };
    },
    async arm(path) {
      await arm(path);
    },
    keepOnly(paths) {
      for (const path of [...wanted]) {
        if (paths.has(path) || roots.includes(path)) continue;
        wanted.delete(path);
        disarm(path);
      }
    },
    hintIn(ms) {
      if (listeners.size > 0) later(ms, hint);
    },
  };
}

async function identityOf(path: string): Promise<string | null> {
  try {
    const stats = await stat(path, { bigint: true });
    // With the time of birth: a directory made anew often gets the inode of the one before it.
    return stats.isDirectory() ? `${stats.dev}:${stats.ino}:${stats.birthtimeNs}` : null;
  } catch {
    return null;
  }
}
