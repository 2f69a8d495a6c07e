import type { DesiredSnapshot, DesiredWorkspace } from '../model/desired.js';
import type { ControllerListener } from './interfaces.js';

/** Whether `after` differs from `before` in anything that affects the workspace's status or its objects. */
export function isChanged(before: DesiredWorkspace | undefined, after: DesiredWorkspace): boolean {
  return !wantsTheSame(before, after) || before?.problem?.message !== after.problem?.message;
}

/** Whether both describe the same objects; their problem (a newer version is broken) may differ. */
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

/**
 * Reports the workspaces that a new revision does not change: they have converged to it without a reconciliation (law
 * 1).
 */
export function reportRevisions(
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
