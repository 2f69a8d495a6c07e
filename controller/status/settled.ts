import type { CacheStatus } from '../model/cache-status.js';
import { failureClass, type Reason } from '../model/reasons.js';
import type { WorkspaceStatus } from '../model/status.js';
import { conditionOf } from './conditions.js';
import { failureReason } from './failure-reason.js';

/** Whether the workspace matches its spec: it is Ready with its packages, or Stopped. */
export function settled(status: WorkspaceStatus): boolean {
  return (
    status.phase === 'Stopped' || (status.phase === 'Ready' && conditionOf(status, 'PackagesReady')?.status !== 'False')
  );
}

/** The reasons that the controller resolves by itself. */
const OURS: readonly Reason[] = [
  'VolumeMissing',
  'NetworkMissing',
  'KeeperNotReady',
  'CacheMigrating',
  'CacheClearing',
];

/**
 * Whether the workspace waits for a person, because nothing that the controller does by itself will settle it. What is
 * retried has not failed, nor has a workspace that waits for an object that the controller is creating. Packages that
 * stay broken have failed, even while earlier ones are in use. `cache`, the status of the workspace's cache, shows
 * whether its keeper waits for a person.
 */
export function failed(status: WorkspaceStatus, cache: CacheStatus | null = null): boolean {
  if (settled(status)) return false;
  const ready = failureReason(conditionOf(status, 'Ready')?.reason);
  const packages = failureReason(conditionOf(status, 'PackagesReady')?.reason);
  if (packages !== null && failureClass(packages) === 'stalled') return true;
  if (ready === 'KeeperNotReady' && cache !== null)
    return needsPerson(failureReason(conditionOf(cache, 'Ready')?.reason));
  return needsPerson(ready);
}

function needsPerson(reason: Reason | null): boolean {
  return reason !== null && failureClass(reason) !== 'transient' && !OURS.includes(reason);
}
