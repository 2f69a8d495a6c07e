import type { ObservedContainer } from '../../model/engine-objects.js';
import { LABEL, workspaceOfContainerName } from '../../model/names.js';

/** Whose a container is: a workspace's name for its own ones; for any other what no workspace is called. */
export function ownerOf({ name, labels }: ObservedContainer): string {
  const workspace = workspaceOfContainerName(name);
  return workspace !== undefined && labels[LABEL.workspace] === workspace ? workspace : `~${name}`;
}

/** Whether processes of the container exist: those of a paused one do, one that restarts has none. */
export function hasProcesses({ state }: ObservedContainer): boolean {
  return state === 'running' || state === 'paused';
}
