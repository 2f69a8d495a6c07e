import type { CacheUse } from '../model/cache-status.js';

/** How each workspace's last start used its cache, and which uses are one and the same start. */
export interface WorkspaceUses {
  /** Null before the first. */
  last(workspace: string): CacheUse | null;
  /** The workspace's profile was switched. */
  noteLinked(workspace: string, use: CacheUse): void;
  /** Its container was made. True: no switch of its profile belongs to this start, neither before nor to come. */
  noteCreated(workspace: string, isSwitchUnderWay: boolean): boolean;
  /** Its container was made on a profile that held everything. */
  noteWarmStart(workspace: string, use: CacheUse): void;
  /** Forgets every workspace that `isWanted` does not name. */
  keepOnly(isWanted: (workspace: string) => boolean): void;
}

/** `hasContainer`: whether the workspace's container is on the engine. */
export function createWorkspaceUses(hasContainer: (workspace: string) => boolean): WorkspaceUses {
  const lastUses = new Map<string, CacheUse>();
  /** A switch and a creation may belong to one start, which is one use. Here are those whose other half is to come. */
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
