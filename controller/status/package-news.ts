import type { NewEvent, WorkspaceStatus } from '../model/status.js';
import { conditionOf } from './conditions.js';
import { failureReason } from './failure-reason.js';

/** Creates events about packages. */
export interface PackageNews {
  /** The events about the packages of `status` that its phase does not cover. To be called with each new status. */
  of(status: WorkspaceStatus): NewEvent[];
  forget(workspace: string): void;
}

/**
 * Creates the news. It remembers which workspaces have an event about broken packages, so that retries and progress
 * cause no further events until the packages are in place.
 */
export function createPackageNews(): PackageNews {
  const reported = new Map<string, string>();

  function of(status: WorkspaceStatus): NewEvent[] {
    const { name: workspace } = status;
    const is = conditionOf(status, 'PackagesReady');
    if (is === null) reported.delete(workspace);
    if (is?.status === 'True' && reported.delete(workspace)) {
      return [{ type: 'Normal', workspace, reason: 'PackagesReady', message: 'The packages are in place.' }];
    }
    if (is?.status !== 'False' || failureReason(is.reason) === null) return [];
    // A workspace that fails because of its packages has an event of its phase already, also when it recovers.
    if (conditionOf(status, 'Ready')?.reason === is.reason) {
      reported.delete(workspace);
      return [];
    }
    if (reported.get(workspace) === is.message) return [];
    reported.set(workspace, is.message);
    return [{ type: 'Warning', workspace, reason: is.reason, message: is.message }];
  }

  return { of, forget: (workspace) => void reported.delete(workspace) };
}
