import type { KnownEnvironment } from '../keeper/keeper-answers.js';
import { keyOfPath } from './environment-key.js';

/** The environments that are known to be in the store of one cache, by key. */
export interface KnownEnvironments {
  has(key: string): boolean;
  get(key: string): KnownEnvironment | null;
  add(key: string, environment: KnownEnvironment): void;
  drop(key: string): void;
  /** Forgets the environments whose store path is in `paths`. */
  forget(paths: ReadonlySet<string>): void;
  /** Takes over what a keeper found in its volume. */
  reset(found: Iterable<KnownEnvironment>): void;
}

/** Creates the collection, which is empty before the first `add` or `reset`. */
export function createKnownEnvironments(): KnownEnvironments {
  const known = new Map<string, KnownEnvironment>();
  return {
    has: (key) => known.has(key),
    get: (key) => known.get(key) ?? null,
    add: (key, environment) => void known.set(key, environment),
    drop: (key) => void known.delete(key),
    forget(paths) {
      for (const [key, { path }] of known) if (paths.has(path)) known.delete(key);
    },
    reset(found) {
      known.clear();
      for (const environment of found) {
        const key = keyOfPath(environment.path);
        if (key !== null) known.set(key, environment);
      }
    },
  };
}
