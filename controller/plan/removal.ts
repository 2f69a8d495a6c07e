import { isUp } from '../model/container-state.js';
import { dataVolumeName } from '../model/names.js';
import type { Operation, Plan, WorkspaceObservation } from './types.js';
import { assignSlots } from './containers.js';
import { containerOwnership, dataVolumeOwnership } from './ownership.js';
import { emptyPlan, removal, stopping } from './steps.js';

export interface RemovalInput {
  readonly workspace: string;
  readonly instance: string;
  readonly observed: WorkspaceObservation;
  /** The policy of the last good spec, or null when that is lost; the volume stays then. */
  readonly reclaimPolicy: 'Retain' | 'Delete' | null;
}

/**
 * Plans the removal of a workspace whose spec is provably gone. Only objects that carry our instance's label are
 * removed.
 */
export function planRemoval(input: RemovalInput): Plan {
  const { workspace, instance, observed } = input;
  const slots = assignSlots(workspace, instance, observed.containers);
  const cause = 'the spec was removed';
  const operations: Operation[] = [slots.next, slots.main, ...slots.strays]
    .flatMap((container) => container ?? [])
    .filter(
      (container) => container.state !== 'removing' && containerOwnership(container, workspace, instance) === 'ours',
    )
    .flatMap((container) => [...(isUp(container) ? stopping(container, cause) : []), removal(container, cause, false)]);
  const volume = observed.volumes.get(dataVolumeName(workspace));
  const volumeIsOurs = volume !== undefined && dataVolumeOwnership(volume, workspace, instance) === 'ours';
  if (volumeIsOurs && input.reclaimPolicy === 'Delete') {
    operations.push({ type: 'remove-volume', volume: volume.name, cause: `${cause}, with reclaimPolicy Delete` });
  }
  return operations.length === 0 ? emptyPlan({ kind: 'removed' }) : { ...emptyPlan({ kind: 'removing' }), operations };
}
