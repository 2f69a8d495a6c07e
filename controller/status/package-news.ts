import type { NewEvent, WorkspaceStatus } from '../model/status.js';
import { conditionOf } from './conditions.js';
import { failureReason } from './failure-reason.js';

export interface PackageNews {
  /** What the record says of the packages of `status`, besides what its phase says. */
  of(status: WorkspaceStatus): NewEvent[];
  forget(workspace: string): void;
}

/**
 * Remembers whose packages the record told broken: retries with all their progress lie between that and its end, and are
 * no news.
 */
export function createPackageNews(): PackageNews {
  const told = new Map<string, string>();

  function of(status: WorkspaceStatus): NewEvent[] {
    const { name: workspace } = status;
    const is = conditionOf(status, 'PackagesReady');
    if (is === null) told.delete(workspace);
    if (is?.status === 'True' && told.delete(workspace)) {
      return [{ type: 'Normal', workspace, reason: 'PackagesReady', message: 'The packages are in place.' }];
    }
    if (is?.status !== 'False' || failureReason(is.reason) === null) return [];
    // A workspace that fails for its packages says so once, as its phase, and the end of it too.
    if (conditionOf(status, 'Ready')?.reason === is.reason) {
      told.delete(workspace);
      return [];
    }
    if (told.get(workspace) === is.message) return [];
    told.set(workspace, is.message);
    return [{ type: 'Warning', workspace, reason: is.reason, message: is.message }];
  }

  return { of, forget: (workspace) => void told.delete(workspace) };
}
