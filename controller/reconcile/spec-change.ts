import type { DesiredSnapshot, DesiredWorkspace } from '../model/desired.js';
import type { ControllerListener } from './interfaces.js';

/** Whether a scan brought something that its workspace's status does not know yet. */
export function isChanged(before: DesiredWorkspace | undefined, after: DesiredWorkspace): boolean {
  return !wantsTheSame(before, after) || before?.problem?.message !== after.problem?.message;
}

/** Nothing else than what is said of the spec may have changed, that a newer one is broken say. */
export function wantsTheSame(before: DesiredWorkspace | undefined, after: DesiredWorkspace): boolean {
  return (
    before !== undefined &&
    before.specHash === after.specHash &&
    before.state === after.state &&
    before.imagePullPolicy === after.imagePullPolicy &&
    before.reclaimPolicy === after.reclaimPolicy &&
    before.secretsReadable === after.secretsReadable &&
    before.packages.join(' ') === after.packages.join(' ') &&
    JSON.stringify(before.inPlace) === JSON.stringify(after.inPlace)
  );
}

/** A commit that leaves a workspace as it is needs no look at it (law 1), and is what it is converged to all the same. */
export function tellRevisions(
  before: DesiredSnapshot,
  after: DesiredSnapshot,
  listener: Pick<ControllerListener, 'revised'>,
): void {
  for (const workspace of after.workspaces.values()) {
    const { source } = workspace.location;
    const to = after.revisions.get(source);
    const from = before.revisions.get(source);
    if (to === undefined || from === undefined || from === to) continue;
    const was = before.workspaces.get(workspace.name);
    if (
      was?.location.source === source &&
      was.problem === null &&
      workspace.problem === null &&
      !isChanged(was, workspace)
    )
      listener.revised(workspace.name, from, to);
  }
}
