import type { CacheStatus } from '../model/cache-status.js';
import { failureClass, type Reason } from '../model/reasons.js';
import type { WorkspaceStatus } from '../model/status.js';
import { conditionOf } from './conditions.js';
import { failureReason } from './failure-reason.js';

/** Whether the workspace is as its spec wants it: Ready with its packages, or Stopped. */
export function settled(status: WorkspaceStatus): boolean {
  return (
    status.phase === 'Stopped' || (status.phase === 'Ready' && conditionOf(status, 'PackagesReady')?.status !== 'False')
  );
}

/** Reasons to wait for something that the controller brings about by itself. */
const OURS: readonly Reason[] = [
  'VolumeMissing',
  'NetworkMissing',
  'KeeperNotReady',
  'CacheMigrating',
  'CacheClearing',
];

/**
 * Whether nothing that the controller does by itself will settle the workspace: it waits for a person. What is tried
 * again, and what waits for an object that the controller is making, has not failed; packages that stay broken have,
 * even while what was there before serves. Whether a keeper waits for a person is seen by `cache`, the status of the
 * workspace's cache.
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
