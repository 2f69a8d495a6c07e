import type { DesiredWorkspace } from '../model/desired.js';

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
