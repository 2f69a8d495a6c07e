import { isUp } from '../model/container-state.js';
import type { ObservedContainer } from '../model/engine-objects.js';
import type { Failure } from '../model/reasons.js';
import { act, removal, stopping } from './steps.js';
import type { Plan, WorkspaceInput } from './types.js';

/**
 * Whether a container of the replaced system has to be removed before its successor is ready. Otherwise there is a
 * deadlock: the keeper waits for the old container to go, and the new container waits for an import or packages that
 * only the keeper provides.
 */
export function needsSoundStore({ desired, observed }: WorkspaceInput, failed: Failure | null): boolean {
  const { cache } = observed;
  return cache?.migration === 'due' && (cache.image === 'own' || (failed !== null && desired.packages.length > 0));
}

/** Removes a container of the replaced system, which mounts a bare store (F1); its data volume stays. */
export function leaveBareStore(main: ObservedContainer, cause: string): Plan {
  return act(
    [
      ...(isUp(main) ? stopping(main, cause) : []),
      removal(main, `a container of the replaced system, on its bare store; ${cause}`, true),
    ],
    [],
  );
}
