import { LABEL } from '../model/names.js';
import type { CreationSpec, DesiredWorkspace } from '../model/desired.js';
import type { ObservedContainer } from '../model/engine-objects.js';
import type { DriftField } from './types.js';
import { workspaceMounts } from './definition.js';
import { accessWords } from './item-causes.js';
import { creationCauses } from './spec-causes.js';

/** One difference between a container and its spec that only a new container can resolve. */
export interface Difference {
  readonly cause: string;
  readonly drift?: DriftField;
}

/** Lists all differences in a stable order; empty when the container matches its spec. */
export function differences(container: ObservedContainer, desired: DesiredWorkspace): Difference[] {
  const changes = specDifferences(container, desired);
  // When the spec has changed, that is the cause; differing mounts follow from it and are not listed.
  return changes.length > 0 && container.labels[LABEL.spec] !== undefined
    ? changes
    : [...changes, ...mountDrift(container, desired)];
}

function specDifferences(container: ObservedContainer, desired: DesiredWorkspace): Difference[] {
  if (container.labels[LABEL.specHash] === desired.specHash) return [];
  const recorded = recordedSpec(container.labels[LABEL.spec]);
  if (recorded === null) return [{ cause: 'the container does not record its spec' }];
  // The fields are compared even when only the version of the hash differs, so that an upgrade of the controller does
  // not recreate containers.
  return creationCauses(recorded, desired.creation).map((cause) => ({ cause }));
}

/**
 * Reads the spec in a container's label `kalpana.spec` without validation; null when the label is absent or not a JSON
 * object.
 */
export function recordedSpec(label: string | undefined): Partial<CreationSpec> | null {
  try {
    const value: unknown = JSON.parse(label ?? 'null');
    return value !== null && typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

/**
 * Compares the mounts themselves, because a container of the replaced system has no /nix, and one made by hand under
 * our name may lack any mount.
 */
function mountDrift(container: ObservedContainer, desired: DesiredWorkspace): Difference[] {
  const present = new Map(container.mounts.map((mount) => [mount.target, mount]));
  return workspaceMounts(desired.name, desired.creation).flatMap((wanted): Difference[] => {
    const found = present.get(wanted.target);
    if (found === undefined) return [{ cause: `mount ${wanted.target}: missing`, drift: 'mounts' }];
    if (found.type !== wanted.type || found.source !== wanted.source) {
      return [{ cause: `mount ${wanted.target}: ${found.source} -> ${wanted.source}`, drift: 'mounts' }];
    }
    if (found.readOnly !== wanted.readOnly) {
      return [
        {
          cause: `mount ${wanted.target}: ${accessWords(found.readOnly)} -> ${accessWords(wanted.readOnly)}`,
          drift: 'mounts',
        },
      ];
    }
    return [];
  });
}
