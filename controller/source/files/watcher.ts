import { watch as watchDirectory } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Clock } from '../../model/clock.js';

const DEBOUNCE_MS = 25;
const ROOT_POLL_MS = 2000;

/**
 * Watches directories and hints that one may have changed. These are only hints (law 1): the resync finds what they
 * miss.
 */
export interface Watcher {
  /** Calls `onHint` after changes, until the returned function is called. */
  subscribe(onHint: () => void): () => void;
  /**
   * Watches one more directory; a directory that was replaced under the same name is watched again. Without subscribers
   * the directory is only recorded.
   */
  arm(path: string): Promise<void>;
  /** Stops watching all directories except these and the roots. */
  keepOnly(paths: ReadonlySet<string>): void;
  /** Triggers a hint in `ms` milliseconds. */
  hintIn(ms: number): void;
}

interface Armed {
  readonly identity: string;
  readonly handle: FSWatcher;
}

/** The state of a watcher. While there are no listeners, nothing is watched and no timer runs. */
interface Watch {
  readonly roots: readonly string[];
  readonly clock: Clock;
  readonly listeners: Set<() => void>;
  readonly armed: Map<string, Armed>;
  readonly wanted: Set<string>;
  /** The functions that cancel the running timers. */
  readonly timers: Set<() => void>;
  isHintDue: boolean;
}

/**
 * Creates a watcher of directories. It also checks `roots` every two seconds, because they may be missing. It opens
 * nothing before `subscribe`.
 */
export function createWatcher(roots: readonly string[], clock: Clock): Watcher {
  const watch: Watch = {
    roots,
    clock,
    listeners: new Set(),
    armed: new Map(),
    wanted: new Set(roots),
    timers: new Set(),
    isHintDue: false,
  };
  return {
    subscribe(onHint) {
      const listener = () => onHint();
      watch.listeners.add(listener);
      if (watch.listeners.size === 1) start(watch);
      return () => {
        if (watch.listeners.delete(listener) && watch.listeners.size === 0) stop(watch);
      };
    },
    arm: async (path) => void (await arm(watch, path)),
    keepOnly(paths) {
      for (const path of [...watch.wanted]) {
        if (paths.has(path) || roots.includes(path)) continue;
        watch.wanted.delete(path);
        disarm(watch, path);
      }
    },
    hintIn(ms) {
      if (watch.listeners.size > 0) later(watch, ms, () => hint(watch));
    },
  };
}

function start(watch: Watch): void {
  pollRoots(watch);
  for (const path of watch.wanted) armAndHint(watch, path);
}

function stop(watch: Watch): void {
  for (const path of [...watch.armed.keys()]) disarm(watch, path);
  for (const cancel of [...watch.timers]) cancel();
  watch.timers.clear();
  watch.isHintDue = false;
}

function later({ clock, timers }: Watch, ms: number, task: () => void): void {
  const cancel = clock.after(ms, () => {
    timers.delete(cancel);
    task();
  });
  timers.add(cancel);
}

function hint(watch: Watch): void {
  if (watch.isHintDue || watch.listeners.size === 0) return;
  watch.isHintDue = true;
  later(watch, DEBOUNCE_MS, () => {
    watch.isHintDue = false;
    for (const listener of [...watch.listeners]) listener();
  });
}

/** Starts to watch a directory; resolves with true when it is watched now and was not before. */
async function arm(watch: Watch, path: string): Promise<boolean> {
  watch.wanted.add(path);
  if (watch.listeners.size === 0) return false;
  const identity = await identityOf(path);
  // Nothing may be awaited from here on, because calls for one path overlap.
  if (identity === watch.armed.get(path)?.identity || watch.listeners.size === 0) return false;
  disarm(watch, path);
  if (identity === null) return false;
  try {
    const handle = watchDirectory(path, () => hint(watch));
    handle.on('error', () => disarm(watch, path, handle));
    watch.armed.set(path, { identity, handle });
    return true;
  } catch {
    // No inotify watches are left, or the directory is gone; the resync finds what this misses.
    return false;
  }
}

function armAndHint(watch: Watch, path: string): void {
  void arm(watch, path).then((isNew) => isNew && hint(watch));
}

function disarm({ armed }: Watch, path: string, handle: FSWatcher | undefined = armed.get(path)?.handle): void {
  handle?.close();
  if (armed.get(path)?.handle === handle) armed.delete(path);
}

/** Checks the roots, because a root that is missing or was replaced causes no event. */
function pollRoots(watch: Watch): void {
  later(watch, ROOT_POLL_MS, () => {
    pollRoots(watch);
    for (const root of watch.roots) armAndHint(watch, root);
  });
}

/**
 * Identifies a directory by device, inode and time of birth, because a new directory often gets the inode of the
 * previous one. Null when there is no directory.
 */
async function identityOf(path: string): Promise<string | null> {
  try {
    const stats = await stat(path, { bigint: true });
    return stats.isDirectory() ? `${stats.dev}:${stats.ino}:${stats.birthtimeNs}` : null;
  } catch {
    return null;
  }
}
