import { LABEL } from '../model/names.js';
import type { CreationSpec, DesiredWorkspace } from '../model/desired.js';
import type { ObservedContainer } from '../model/engine-objects.js';
import type { DriftField } from './types.js';
import { workspaceMounts } from './definition.js';
import { accessWords } from './item-causes.js';
import { creationCauses } from './spec-causes.js';

/** One thing about a container that is not as the spec wants it, and that only a new container can mend. */
export interface Difference {
  readonly cause: string;
  readonly drift?: DriftField;
}

/** All differences, in a stable order; empty when the container is what the spec asks for. */
export function differences(container: ObservedContainer, desired: DesiredWorkspace): Difference[] {
  const changes = specDifferences(container, desired);
  // A changed spec is the cause by itself; mounts that differ follow from it.
  return changes.length > 0 && container.labels[LABEL.spec] !== undefined
    ? changes
    : [...changes, ...mountDrift(container, desired)];
}

function specDifferences(container: ObservedContainer, desired: DesiredWorkspace): Difference[] {
  if (container.labels[LABEL.specHash] === desired.specHash) return [];
  const recorded = recordedSpec(container.labels[LABEL.spec]);
  if (recorded === null) return [{ cause: 'the container does not record its spec' }];
  // Field by field also when only the hash's version moved: an upgrade of the controller recreates nothing.
  return creationCauses(recorded, desired.creation).map((cause) => ({ cause }));
}

/** The spec in a container's label `kalpana.spec`, not validated; null when the label is absent or no JSON object. */
export function recordedSpec(label: string | undefined): Partial<CreationSpec> | null {
  try {
    const value: unknown = JSON.parse(label ?? 'null');
    return value !== null && typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

/** A container of the replaced system has no /nix, and one made by hand under our name may lack any mount. */
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
