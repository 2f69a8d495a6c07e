import type { NewEvent, Phase, WorkspaceStatus } from '../model/status.js';
import { conditionOf } from './conditions.js';
import { failureReason } from './failure-reason.js';

const WARNING_PHASES: readonly string[] = ['Waiting', 'Degraded', 'Stalled', 'Held'] satisfies Phase[];

/** What an event of a phase is made from, a workspace's or a cache's. */
export interface Glance {
  readonly phase: string;
  readonly ready: { readonly reason: string; readonly message: string } | null;
}

/** The events when a workspace's status went from `before` to `after`; null: the workspace is new. */
export function eventsBetween(before: WorkspaceStatus | null, after: WorkspaceStatus): NewEvent[] {
  const phase = phaseEvent(before === null ? null : glance(before), glance(after));
  return [...specEvents(before, after), ...(phase === null ? [] : [{ ...phase, workspace: after.name }])];
}

function specEvents(before: WorkspaceStatus | null, after: WorkspaceStatus): NewEvent[] {
  const was = before === null ? null : conditionOf(before, 'SpecValid');
  const is = conditionOf(after, 'SpecValid');
  if (is === null) return [];
  // A workspace that fails for its broken spec has the event of its phase already.
  const toldByPhase = conditionOf(after, 'Ready')?.reason === is.reason;
  if (is.status === 'False' && !toldByPhase && (was?.status !== 'False' || was.message !== is.message)) {
    return [{ type: 'Warning', workspace: after.name, reason: is.reason, message: is.message }];
  }
  if (is.status === 'True' && was?.status === 'False') {
    return [{ type: 'Normal', workspace: after.name, reason: 'SpecValid', message: 'The spec is valid again.' }];
  }
  return [];
}

/**
 * The event when a phase or its reason changed from `before` to `after`; null when nothing did that a person has to
 * know.
 */
export function phaseEvent(before: Glance | null, after: Glance): Pick<NewEvent, 'type' | 'reason' | 'message'> | null {
  const { phase, ready } = after;
  if (ready === null) return null;
  // The message of a failure is news when it changes; that of work under way changes all the time.
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
