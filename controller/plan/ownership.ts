import { LABEL, VOLUME_TYPE } from '../model/names.js';
import type { ObservedContainer, ObservedNetwork, ObservedVolume } from '../model/engine-objects.js';

type Labels = Readonly<Record<string, string>>;

/** The owner of an object; `legacy` means that the replaced system made it, and it is adopted when a spec names it. */
export type Ownership = 'ours' | 'legacy' | 'foreign';

function workspaceOwnership(labels: Labels, workspace: string, instance: string): Ownership {
  if (labels[LABEL.managed] !== 'true' || labels[LABEL.workspace] !== workspace) return 'foreign';
  const controller = labels[LABEL.controller];
  if (controller === undefined) return 'legacy';
  return controller === instance ? 'ours' : 'foreign';
}

/** The owner of a container that has one of the workspace's names, by its labels. */
export function containerOwnership(container: ObservedContainer, workspace: string, instance: string): Ownership {
  return workspaceOwnership(container.labels, workspace, instance);
}

/** The owner of a volume that has the name of the workspace's data volume, by its driver and labels. */
export function dataVolumeOwnership(volume: ObservedVolume, workspace: string, instance: string): Ownership {
  const type = volume.labels[LABEL.type];
  if (volume.driver !== 'local' || (type !== undefined && type !== VOLUME_TYPE.data)) return 'foreign';
  return workspaceOwnership(volume.labels, workspace, instance);
}

/** Whether a network with our name is ours. A network belongs to all instances on the host together. */
export function isNetworkOurs(network: ObservedNetwork): boolean {
  return network.labels[LABEL.managed] === 'true';
}

/** Describes the owner of an object that is not ours, as the end of a sentence that begins with the object. */
export function describeOwner(labels: Labels): string {
  const controller = labels[LABEL.controller];
  if (labels[LABEL.managed] === 'true' && controller !== undefined)
    return `belongs to the controller instance "${controller}"`;
  if (labels[LABEL.managed] === 'true') return `belongs to workspace "${labels[LABEL.workspace] ?? '?'}" by its labels`;
  return 'does not carry our labels';
}
