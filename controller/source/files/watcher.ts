import { watch as watchDirectory } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Clock } from '../../model/clock.js';

const DEBOUNCE_MS = 25;
const ROOT_POLL_MS = 2000;

/** Gives hints that a directory may have changed. They are only hints (law 1): the resync finds what they miss. */
export interface Watcher {
  /** Calls `onHint` after changes, until the returned function is called. */
  subscribe(onHint: () => void): () => void;
  /**
   * Watches one more directory; one that was replaced under its name is watched anew. Without subscribers it only notes
   * it.
   */
  arm(path: string): Promise<void>;
  /** Stops watching all directories but these and the roots. */
  keepOnly(paths: ReadonlySet<string>): void;
  /** Gives a hint in `ms` milliseconds. */
  hintIn(ms: number): void;
}

interface Armed {
  readonly identity: string;
  readonly handle: FSWatcher;
}

/** What is watched, and for whom. Nothing is watched and no timer runs while there are no listeners. */
interface Watch {
  readonly roots: readonly string[];
  readonly clock: Clock;
  readonly listeners: Set<() => void>;
  readonly armed: Map<string, Armed>;
  readonly wanted: Set<string>;
  /** The functions that cancel the timers that run. */
  readonly timers: Set<() => void>;
  isHintDue: boolean;
}

/**
 * Watches directories; checks `roots` every two seconds as well, as they may be missing. Opens nothing before
 * `subscribe`.
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

/** True when the directory is watched now and was not before. */
async function arm(watch: Watch, path: string): Promise<boolean> {
  watch.wanted.add(path);
  if (watch.listeners.size === 0) return false;
  const identity = await identityOf(path);
  // Nothing may be awaited from here on: calls for one path overlap.
  if (identity === watch.armed.get(path)?.identity || watch.listeners.size === 0) return false;
  disarm(watch, path);
  if (identity === null) return false;
  try {
    const handle = watchDirectory(path, () => hint(watch));
    handle.on('error', () => disarm(watch, path, handle));
    watch.armed.set(path, { identity, handle });
    return true;
  } catch {
    // No inotify watches are left, or the directory has gone: the resync finds what this misses.
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

/** A root that is missing, or was replaced unseen, causes no event by itself. */
function pollRoots(watch: Watch): void {
  later(watch, ROOT_POLL_MS, () => {
    pollRoots(watch);
    for (const root of watch.roots) armAndHint(watch, root);
  });
}

/**
 * Device, inode and time of birth: a directory made anew often gets the inode of the one before it. Null: there is
 * none.
 */
async function identityOf(path: string): Promise<string | null> {
  try {
    const stats = await stat(path, { bigint: true });
    return stats.isDirectory() ? `${stats.dev}:${stats.ino}:${stats.birthtimeNs}` : null;
  } catch {
    return null;
  }
}
