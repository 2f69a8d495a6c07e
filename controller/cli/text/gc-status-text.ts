import type { GcRun, GcStatus } from '../../model/gc-status.js';
import { freedText } from '../../model/gc-text.js';
import { formatBytes } from '../../model/quantity.js';
import type { Cell } from './table.js';
import { formatAge } from './workspace-table.js';

/** Times are in ms since the epoch. */

/** The last collection in a table: `2h ago, 1.2 GiB`, `aborted 2h ago`, `-`. */
export function lastGcCell(gc: GcStatus | null, now: number): Cell {
  const run = gc?.runs[0];
  if (run === undefined) return '-';
  if (run.result === 'success') return `${agoText(run, now)}, ${formatBytes(run.freedBytes)}`;
  return { text: `${run.result} ${agoText(run, now)}`, tone: 'bad' };
}

/** Summarizes the collections, such as `last 2h ago, freed 1.2 GiB (34 paths); next in 14h`, and the one under way. */
export function gcLine(gc: GcStatus | null, now: number): string {
  if (gc === null) return '-';
  const parts = [gc.underWay === null ? null : `now ${gc.underWay}`, lastText(gc.runs[0], now), nextText(gc, now)];
  return parts.filter((part) => part !== null).join('; ');
}

/**
 * The next collection: `2026-01-01T04:00:00.000Z (in 4h)`, `suspended`, or `none` when the schedule has no further
 * time.
 */
export function nextRunText(
  gc: Pick<GcStatus, 'nextRunAt'> & { readonly config: Pick<GcStatus['config'], 'suspend'> },
  now: number,
): string {
  if (gc.config.suspend) return 'suspended';
  return gc.nextRunAt === null ? 'none' : `${new Date(gc.nextRunAt).toISOString()} (${untilText(gc.nextRunAt, now)})`;
}

function lastText(run: GcRun | undefined, now: number): string {
  if (run === undefined) return 'never ran';
  const reason = run.failure === null ? '' : `: ${run.failure.reason}`;
  const result = run.result === 'success' ? `freed ${freedText(run)}` : `${run.result}${reason}`;
  return `last ${agoText(run, now)}, ${result}`;
}

function nextText(gc: GcStatus, now: number): string {
  if (gc.config.suspend) return 'suspended';
  return gc.nextRunAt === null ? 'none to come' : `next ${untilText(gc.nextRunAt, now)}`;
}

function agoText({ startedAt, seconds }: GcRun, now: number): string {
  return `${formatAge(now - startedAt - seconds * 1_000)} ago`;
}

function untilText(at: number, now: number): string {
  return at <= now ? 'due' : `in ${formatAge(at - now)}`;
}
