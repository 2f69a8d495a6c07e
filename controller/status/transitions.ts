import type { NewEvent, Phase, WorkspaceStatus } from '../model/status.js';
import { conditionOf } from './conditions.js';
import { failureReason } from './failure-reason.js';

const WARNING_PHASES: readonly string[] = ['Waiting', 'Degraded', 'Stalled', 'Held'] satisfies Phase[];

/** The part of a status, of a workspace or a cache, from which the event of a phase is made. */
export interface Glance {
  readonly phase: string;
  readonly ready: { readonly reason: string; readonly message: string } | null;
}

/** The events of a change of a workspace's status from `before` to `after`; `before` is null for a new workspace. */
export function eventsBetween(before: WorkspaceStatus | null, after: WorkspaceStatus): NewEvent[] {
  const phase = phaseEvent(before === null ? null : glance(before), glance(after));
  return [...specEvents(before, after), ...(phase === null ? [] : [{ ...phase, workspace: after.name }])];
}

function specEvents(before: WorkspaceStatus | null, after: WorkspaceStatus): NewEvent[] {
  const was = before === null ? null : conditionOf(before, 'SpecValid');
  const is = conditionOf(after, 'SpecValid');
  if (is === null) return [];
  // A workspace that fails because of its broken spec has the event of its phase already.
  const coveredByPhase = conditionOf(after, 'Ready')?.reason === is.reason;
  if (is.status === 'False' && !coveredByPhase && (was?.status !== 'False' || was.message !== is.message)) {
    return [{ type: 'Warning', workspace: after.name, reason: is.reason, message: is.message }];
  }
  if (is.status === 'True' && was?.status === 'False') {
    return [{ type: 'Normal', workspace: after.name, reason: 'SpecValid', message: 'The spec is valid again.' }];
  }
  return [];
}

/**
 * The event of a change of phase or reason from `before` to `after`; null when nothing changed that a person needs to
 * know.
 */
export function phaseEvent(before: Glance | null, after: Glance): Pick<NewEvent, 'type' | 'reason' | 'message'> | null {
  const { phase, ready } = after;
  if (ready === null) return null;
  // A failure with a new message is news; the message about work in progress changes all the time.
  const news =
    before?.ready?.reason !== ready.reason ||
    (failureReason(ready.reason) !== null && before.ready.message !== ready.message);
  if (before?.phase === phase && !news) return null;
  const type = WARNING_PHASES.includes(phase) ? 'Warning' : 'Normal';
  return { type, reason: ready.reason, message: ready.message || `${before?.phase ?? 'Pending'} -> ${phase}` };
}

function glance(status: WorkspaceStatus): Glance {
  return { phase: status.phase, ready: conditionOf(status, 'Ready') };
}
