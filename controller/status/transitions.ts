import { REASONS } from '../model/reasons.js';
import type { Phase, RecordedEvent, WorkspaceStatus } from '../model/status.js';
import { conditionOf } from './conditions.js';

type NewEvent = Omit<RecordedEvent, 'time'>;

const WARNING_PHASES: readonly Phase[] = ['Waiting', 'Degraded', 'Stalled', 'Held'];

/** What a person wants to read in the record when a workspace's status went from `before` to `after`. */
export function eventsBetween(before: WorkspaceStatus | null, after: WorkspaceStatus): NewEvent[] {
  return [...specEvents(before, after), ...phaseEvents(before, after)];
}

function specEvents(before: WorkspaceStatus | null, after: WorkspaceStatus): NewEvent[] {
  const was = before === null ? null : conditionOf(before, 'SpecValid');
  const is = conditionOf(after, 'SpecValid');
  if (is === null) return [];
  // A workspace that fails for its broken spec says so once, as its phase.
  const toldByPhase = conditionOf(after, 'Ready')?.reason === is.reason;
  if (is.status === 'False' && !toldByPhase && (was?.status !== 'False' || was.message !== is.message)) {
    return [{ type: 'Warning', workspace: after.name, reason: is.reason, message: is.message }];
  }
  if (is.status === 'True' && was?.status === 'False') {
    return [{ type: 'Normal', workspace: after.name, reason: 'SpecValid', message: 'The spec is valid again.' }];
  }
  return [];
}

function phaseEvents(before: WorkspaceStatus | null, after: WorkspaceStatus): NewEvent[] {
  const was = before === null ? null : conditionOf(before, 'Ready');
  const is = conditionOf(after, 'Ready');
  if (is === null) return [];
  const news = was?.reason !== is.reason || (isFailure(is.reason) && was.message !== is.message);
  if (before?.phase === after.phase && !news) return [];
  const type = WARNING_PHASES.includes(after.phase) ? 'Warning' : 'Normal';
  return [{ type, workspace: after.name, reason: is.reason, message: is.message || `${before?.phase ?? 'Pending'} -> ${after.phase}` }];
}

/** The message of a failure is news when it changes; that of work under way changes all the time. */
function isFailure(reason: string): boolean {
  return Object.hasOwn(REASONS, reason) && reason !== 'Starting';
}
