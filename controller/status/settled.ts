import { failureClass, REASONS, type Reason } from '../model/reasons.js';
import type { WorkspaceStatus } from '../model/status.js';
import { conditionOf } from './conditions.js';

/** The workspace is as its spec wants it: Ready, or Stopped as wanted. */
export function settled(status: WorkspaceStatus): boolean {
  return status.phase === 'Ready' || status.phase === 'Stopped';
}

/**
 * Nothing the controller does by itself will make it settled: it waits for a person. What is tried again, and what waits
 * for an object that the controller is making, has not failed.
 */
export function failed(status: WorkspaceStatus): boolean {
  const reason = conditionOf(status, 'Ready')?.reason ?? '';
  if (settled(status) || !isReason(reason)) return false;
  return failureClass(reason) !== 'transient' && reason !== 'VolumeMissing' && reason !== 'NetworkMissing';
}

function isReason(word: string): word is Reason {
  return Object.hasOwn(REASONS, word);
}
