import type { Condition } from '../../model/condition.js';
import type { CountedEvent } from '../../status/events.js';
import { oneLineText, renderTable, type Cell } from './table.js';
import { formatAge } from './workspace-table.js';

/** The sections of the descriptions of workspaces and caches. Times are in ms since the epoch. */

const PLAIN = { columns: null, color: false } as const;
const RECENT = 20;

/** Renders rows as lines of the form `Name:  value`. */
export function renderFacts(rows: readonly (readonly string[])[]): string {
  return renderTable(rows, PLAIN);
}

/** Renders the table of conditions, with a heading. */
export function conditionsSection(conditions: readonly Condition<string>[], now: number): string {
  const rows = conditions.map(({ type, status, reason, lastTransitionTime, message }) => [
    type,
    status,
    reason,
    ageOf(lastTransitionTime, now),
    message,
  ]);
  return section('Conditions', [['TYPE', 'STATUS', 'REASON', 'SINCE', 'MESSAGE'], ...rows]);
}

/** Renders the table of the most recent events, with a heading. */
export function eventsSection(events: readonly CountedEvent[], now: number): string {
  if (events.length === 0) return '\nEvents: none\n';
  const rows = events
    .slice(-RECENT)
    .map(({ type, reason, time, count, message }) => [
      type,
      reason,
      ageOf(time, now),
      count === 1 ? message : `${message} (${count} times)`,
    ]);
  return section('Events', [['TYPE', 'REASON', 'AGE', 'MESSAGE'], ...rows]);
}

/** Renders a heading with indented rows below it. */
export function section(title: string, rows: readonly (readonly Cell[])[]): string {
  const table = renderTable(rows, PLAIN).split('\n').slice(0, -1);
  return `\n${oneLineText(title)}:\n${table.map((line) => `  ${line}\n`).join('')}`;
}

function ageOf(iso: string, now: number): string {
  return formatAge(now - Date.parse(iso));
}
