import type { DeploymentEvent } from '../model/git.js';
import type { WorkspaceStatus } from '../model/status.js';
import { settled } from '../status/settled.js';

/** Drift that was found and is not repaired yet. */
export interface DriftRepairs {
  /** `field` of a workspace has drifted; `cause` is one line. */
  found(workspace: string, field: string, cause: string): void;
  /** The status of a workspace has changed; null: it is removed. */
  changed(workspace: string, status: WorkspaceStatus | null): void;
}

/** Notifies once a workspace with drift is settled again, with all fields and causes found meanwhile. */
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
