import type { NewEvent, WorkspaceStatus } from '../model/status.js';
import { conditionOf } from './conditions.js';
import { failureReason } from './failure-reason.js';

/** Events about packages. */
export interface PackageNews {
  /** Events about the packages of `status` that its phase does not cover. To be called with each new status. */
  of(status: WorkspaceStatus): NewEvent[];
  forget(workspace: string): void;
}

/**
 * Remembers which workspaces have an event about broken packages: their retries and progress until the end make no more
 * events.
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
    // A workspace that fails for its packages has the event of its phase, and that of its end.
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
