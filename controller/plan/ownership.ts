import { LABEL, VOLUME_TYPE } from '../model/names.js';
import type { ObservedContainer, ObservedNetwork, ObservedVolume } from '../model/engine-objects.js';

type Labels = Readonly<Record<string, string>>;

/** `legacy`: made by the replaced system, adopted when a spec names it. */
export type Ownership = 'ours' | 'legacy' | 'foreign';

function workspaceOwnership(labels: Labels, workspace: string, instance: string): Ownership {
  if (labels[LABEL.managed] !== 'true' || labels[LABEL.workspace] !== workspace) return 'foreign';
  const controller = labels[LABEL.controller];
  if (controller === undefined) return 'legacy';
  return controller === instance ? 'ours' : 'foreign';
}

/** Whose a container under one of the workspace's names is, by its labels. */
export function containerOwnership(container: ObservedContainer, workspace: string, instance: string): Ownership {
  return workspaceOwnership(container.labels, workspace, instance);
}

/** Whose a volume under the name of the workspace's data volume is, by its driver and labels. */
export function dataVolumeOwnership(volume: ObservedVolume, workspace: string, instance: string): Ownership {
  const type = volume.labels[LABEL.type];
  if (volume.driver !== 'local' || (type !== undefined && type !== VOLUME_TYPE.data)) return 'foreign';
  return workspaceOwnership(volume.labels, workspace, instance);
}

/** Whether a network under our name is ours; networks are the host's, not one instance's. */
export function isNetworkOurs(network: ObservedNetwork): boolean {
  return network.labels[LABEL.managed] === 'true';
}

/** The owner of an object that is not ours, as the end of a sentence that begins with the object. */
export function describeOwner(labels: Labels): string {
  const controller = labels[LABEL.controller];
  if (labels[LABEL.managed] === 'true' && controller !== undefined)
    return `belongs to the controller instance "${controller}"`;
  if (labels[LABEL.managed] === 'true') return `belongs to workspace "${labels[LABEL.workspace] ?? '?'}" by its labels`;
  return 'does not carry our labels';
}
