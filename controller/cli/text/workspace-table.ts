import type { PublishedPort } from '../../model/engine-objects.js';
import { shortRevision } from '../../model/git.js';
import type { WorkspaceStatus } from '../../model/status.js';
import { conditionOf } from '../../status/conditions.js';
import { failureReason } from '../../status/failure-reason.js';
import { phaseTone } from './paint.js';
import { renderTable, type Cell, type TableOptions } from './table.js';

const HEADINGS = ['NAME', 'PHASE', 'READY', 'IMAGE', 'PORTS', 'AGE', 'MESSAGE'] as const;
const WIDE_HEADINGS = ['NAME', 'PHASE', 'READY', 'IMAGE', 'PORTS', 'AGE', 'SOURCE', 'REVISION', 'MESSAGE'] as const;

/** Renders the table of `get workspaces`. `now` is ms since the epoch; `wide` adds source and revision. */
export function workspaceTable(
  statuses: readonly WorkspaceStatus[],
  options: TableOptions & { readonly now: number; readonly wide?: boolean },
): string {
  if (statuses.length === 0) return 'No workspaces.\n';
  const { wide = false, now } = options;
  const heading: Cell[] = (wide ? WIDE_HEADINGS : HEADINGS).map((text) => ({ text, tone: 'strong' }));
  return renderTable([heading, ...statuses.map((status) => row(status, now, wide))], options);
}

function row(status: WorkspaceStatus, now: number, wide: boolean): Cell[] {
  const { name, phase, conditions, container } = status;
  return [
    name,
    { text: phase, tone: phaseTone(phase) },
    conditionOf({ conditions }, 'Ready')?.status ?? 'Unknown',
    container?.image ?? '-',
    portsText(container?.ports ?? []),
    container?.startedAt == null ? '-' : formatAge(now - container.startedAt),
    ...(wide ? [status.location?.source ?? '-', status.revision === null ? '-' : shortRevision(status.revision)] : []),
    messageOf(status),
  ];
}

/**
 * Why a workspace is not Ready, what is being fetched for it, or what is wrong with its newest spec or its packages.
 */
export function messageOf(status: WorkspaceStatus): string {
  const ready = conditionOf(status, 'Ready');
  const progress = status.cache?.progress ?? null;
  if (progress !== null && failureReason(ready?.reason) === null) return progress;
  if (ready !== null && ready.message !== '') return ready.message;
  const specValid = conditionOf(status, 'SpecValid');
  if (specValid?.status === 'False') return specValid.message;
  const packages = conditionOf(status, 'PackagesReady');
  return packages?.status === 'False' ? packages.message : '';
}

/** Formats published ports as `host:port->port/protocol`, separated by commas; `-` when there are none. */
export function portsText(ports: readonly PublishedPort[]): string {
  if (ports.length === 0) return '-';
  return ports.map((port) => `${hostPortText(port)}->${port.containerPort}/${port.protocol}`).join(',');
}

/** Formats `host:port`, with IPv6 in brackets. */
export function hostPortText({ hostIP, hostPort }: Pick<PublishedPort, 'hostIP' | 'hostPort'>): string {
  return hostIP.includes(':') ? `[${hostIP}]:${hostPort}` : `${hostIP}:${hostPort}`;
}

/** Formats a time in ms with its largest unit only, as `kubectl` does: 45s, 12m, 3h, 5d. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
