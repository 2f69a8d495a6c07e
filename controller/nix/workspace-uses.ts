import type { CacheUse } from '../model/cache-status.js';

/** Records how each workspace's last start used its cache, and recognizes which events belong to one start. */
export interface WorkspaceUses {
  /** The last use, or null before the first one. */
  last(workspace: string): CacheUse | null;
  /** Records that the workspace's profile was switched. */
  noteLinked(workspace: string, use: CacheUse): void;
  /**
   * Records that the workspace's container was created. Returns true when no switch of its profile belongs to this
   * start, whether earlier or still to come.
   */
  noteCreated(workspace: string, isSwitchUnderWay: boolean): boolean;
  /** Records that the workspace's container was created with a profile that contained everything. */
  noteWarmStart(workspace: string, use: CacheUse): void;
  /** Forgets every workspace for which `isWanted` returns false. */
  keepOnly(isWanted: (workspace: string) => boolean): void;
}

/** Creates the record. `hasContainer` says whether the workspace's container is on the engine. */
export function createWorkspaceUses(hasContainer: (workspace: string) => boolean): WorkspaceUses {
  const lastUses = new Map<string, CacheUse>();
  /**
   * A switch and a creation may belong to one start, which counts as one use. These are the workspaces of which only
   * one of the two has happened.
   */
  const halfStarts = new Set<string>();
  return {
    last: (workspace) => lastUses.get(workspace) ?? null,
    noteLinked(workspace, use) {
      lastUses.set(workspace, use);
      if (!halfStarts.delete(workspace) && !hasContainer(workspace)) halfStarts.add(workspace);
    },
    noteCreated(workspace, isSwitchUnderWay) {
      if (halfStarts.delete(workspace)) return false;
      if (isSwitchUnderWay) halfStarts.add(workspace);
      return !isSwitchUnderWay;
    },
    noteWarmStart: (workspace, use) => void lastUses.set(workspace, use),
    keepOnly(isWanted) {
      for (const workspace of lastUses.keys()) if (!isWanted(workspace)) lastUses.delete(workspace);
      for (const workspace of halfStarts) if (!isWanted(workspace)) halfStarts.delete(workspace);
    },
  };
}
