import type { DeploymentEvent } from '../model/git.js';
import type { WorkspaceStatus } from '../model/status.js';
import { settled } from '../status/settled.js';

/** Tracks drift that was found and is not repaired yet. */
export interface DriftRepairs {
  /** Records that `field` of a workspace has drifted; `cause` is one line. */
  found(workspace: string, field: string, cause: string): void;
  /** Records that the status of a workspace has changed; null means that the workspace is removed. */
  changed(workspace: string, status: WorkspaceStatus | null): void;
}

/** Sends one notification when a workspace with drift has settled again, with all fields and causes found meanwhile. */
export function createDriftRepairs(notify: (event: DeploymentEvent) => void): DriftRepairs {
  const causes = new Map<string, Map<string, string>>();
  return {
    found(workspace, field, cause) {
      causes.set(workspace, (causes.get(workspace) ?? new Map<string, string>()).set(field, cause));
    },
    changed(workspace, status) {
      const fields = causes.get(workspace);
      if (status !== null && (fields === undefined || !settled(status))) return;
      causes.delete(workspace);
      if (status === null || fields === undefined) return;
      notify({
        type: 'drift-repaired',
        workspace,
        fields: [...fields.keys()].sort(),
        message: [...fields.values()].join('; '),
      });
    },
  };
}
