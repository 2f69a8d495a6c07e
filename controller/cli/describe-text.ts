import type { WorkspaceStatus } from '../model/status.js';
import type { CountedEvent } from '../status/events.js';
import { oneLineText, renderTable, type Cell } from './table.js';
import { formatAge, portsText } from './workspace-table.js';

const PLAIN = { columns: null, color: false } as const;
const RECENT = 20;

/** @param now milliseconds since the epoch */
export function describeWorkspaceText(status: WorkspaceStatus, events: readonly CountedEvent[], now: number): string {
  const age = (iso: string) => formatAge(now - Date.parse(iso));
  const conditions = status.conditions.map(({ type, status: state, reason, lastTransitionTime, message }) => [
    type,
    state,
    reason,
    age(lastTransitionTime),
    message,
  ]);
  const recent = events.slice(-RECENT).map(({ type, reason, time, count, message }) => [
    type,
    reason,
    age(time),
    count === 1 ? message : `${message} (${count} times)`,
  ]);
  return [
    renderTable(facts(status, now), PLAIN),
    section('Conditions', [['TYPE', 'STATUS', 'REASON', 'SINCE', 'MESSAGE'], ...conditions]),
    recent.length === 0 ? '\nEvents: none\n' : section('Events', [['TYPE', 'REASON', 'AGE', 'MESSAGE'], ...recent]),
  ].join('');
}

function facts({ name, phase, location, specHash, container }: WorkspaceStatus, now: number): Cell[][] {
  const spec = location === null ? '-' : `${location.file}:${location.line}:${location.column}`;
  const rows = [
    ['Name:', name],
    ['Phase:', phase],
    ['Spec:', spec],
    ['Spec hash:', specHash ?? '-'],
  ];
  if (container === null) return [...rows, ['Container:', 'none']];
  const { id, image, state, health, ports, startedAt } = container;
  rows.push(['Container:', id.slice(0, 12)], ['Image:', image], ['State:', health === 'none' ? state : `${state}, ${health}`], ['Ports:', portsText(ports)]);
  if (startedAt !== null) rows.push(['Started:', `${new Date(startedAt).toISOString()} (${formatAge(now - startedAt)} ago)`]);
  return rows;
}

function section(title: string, rows: readonly (readonly Cell[])[]): string {
  const table = renderTable(rows, PLAIN).split('\n').slice(0, -1);
  return `\n${oneLineText(title)}:\n${table.map((line) => `  ${line}\n`).join('')}`;
}
