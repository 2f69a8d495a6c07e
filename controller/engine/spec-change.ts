import type { DesiredSnapshot, DesiredWorkspace } from '../model/desired.js';
import type { Hooks } from './interfaces.js';

/** Whether a scan brought something that its workspace has to be looked at for. */
export function isChanged(before: DesiredWorkspace | undefined, after: DesiredWorkspace): boolean {
  if (before === undefined) return true;
  const same =
    before.specHash === after.specHash &&
    before.state === after.state &&
    before.imagePullPolicy === after.imagePullPolicy &&
    before.reclaimPolicy === after.reclaimPolicy &&
    before.secretsReadable === after.secretsReadable &&
    before.problem?.message === after.problem?.message &&
    before.packages.join(' ') === after.packages.join(' ') &&
    JSON.stringify(before.inPlace) === JSON.stringify(after.inPlace);
  return !same;
}

/** A commit that leaves a workspace as it is needs no look at it (law 1), and is what it is converged to all the same. */
export function tellRevisions(before: DesiredSnapshot, after: DesiredSnapshot, hooks: Pick<Hooks, 'revised'>): void {
  for (const workspace of after.workspaces.values()) {
    const { source } = workspace.location;
    const to = after.revisions.get(source);
    const from = before.revisions.get(source);
    if (to === undefined || from === undefined || from === to) continue;
    const was = before.workspaces.get(workspace.name);
    if (was?.location.source === source && was.problem === null && workspace.problem === null && !isChanged(was, workspace)) hooks.revised(workspace.name, from, to);
  }
}
