import { keyOfPath } from './environment-key.js';

/** Knows which environment each profile of one cache contains. Profiles are named after their workspaces. */
export interface Profiles {
  /** The key of the environment in the profile; null when there is no profile. */
  keyOf(workspace: string): string | null;
  /** Whether any profile contains this environment. */
  holds(key: string): boolean;
  /** The profiles that contain one of these store paths. */
  holding(paths: ReadonlySet<string>): string[];
  names(): string[];
  /** The number of distinct environments in all profiles. */
  count(): number;
  set(workspace: string, path: string): void;
  drop(workspaces: readonly string[]): void;
  /** Takes over what a keeper found in its volume: environment paths by workspace. */
  reset(found: ReadonlyMap<string, string>): void;
}

/** Creates the collection, which is empty before the first `set` or `reset`. */
export function createProfiles(): Profiles {
  /** Environment paths by workspace. */
  let paths = new Map<string, string>();
  return {
    keyOf(workspace) {
      const path = paths.get(workspace);
      return path === undefined ? null : keyOfPath(path);
    },
    holds: (key) => [...paths.values()].some((path) => keyOfPath(path) === key),
    holding: (wanted) => [...paths].filter(([, path]) => wanted.has(path)).map(([workspace]) => workspace),
    names: () => [...paths.keys()],
    count: () => new Set(paths.values()).size,
    set: (workspace, path) => void paths.set(workspace, path),
    drop(workspaces) {
      for (const workspace of workspaces) paths.delete(workspace);
    },
    reset: (found) => void (paths = new Map(found)),
  };
}
