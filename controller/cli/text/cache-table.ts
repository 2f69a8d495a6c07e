import type { CacheStatus } from '../../model/cache-status.js';
import { formatBytes } from '../../model/quantity.js';
import { conditionOf } from '../../status/conditions.js';
import { lastGcCell } from './gc-status-text.js';
import { phaseTone } from './paint.js';
import { renderTable, type Cell, type TableOptions } from './table.js';

const HEADINGS = [
  'NAME',
  'PHASE',
  'READY',
  'KEEPER-IMAGE',
  'WORKSPACES',
  'ENVIRONMENTS',
  'SIZE',
  'HIT-RATE',
  'FETCHED',
  'SAVED',
  'LAST-GC',
  'MESSAGE',
] as const;

/** Renders the table of `get caches`. `now` is ms since the epoch. */
export function cacheTable(statuses: readonly CacheStatus[], options: TableOptions & { readonly now: number }): string {
  if (statuses.length === 0) return 'No caches.\n';
  const heading: Cell[] = HEADINGS.map((text) => ({ text, tone: 'strong' }));
  return renderTable([heading, ...statuses.map((status) => row(status, options.now))], options);
}

function row(status: CacheStatus, now: number): Cell[] {
  const { name, phase, keeper, workspaces, environments, storeBytes, hitRate, totals, gc } = status;
  return [
    name,
    { text: phase, tone: phaseTone(phase) },
    conditionOf(status, 'Ready')?.status ?? 'Unknown',
    keeper?.image ?? '-',
    String(workspaces.length),
    String(environments),
    storeBytes === null ? '-' : formatBytes(storeBytes),
    hitRateText(hitRate),
    formatBytes(totals.bytesFetched),
    formatBytes(totals.bytesSaved),
    lastGcCell(gc, now),
    messageOf(status),
  ];
}

/** Formats a hit rate, rounded down: 100% means that nothing at all was fetched or built. */
export function hitRateText(hitRate: number | null): string {
  return hitRate === null ? '-' : `${Math.floor(hitRate * 1_000) / 10}%`;
}

/** Why the cache is not Ready, what is wrong with its spec, or else the work under way. */
function messageOf(status: CacheStatus): string {
  const ready = conditionOf(status, 'Ready');
  if (ready !== null && ready.message !== '') return ready.message;
  const specValid = conditionOf(status, 'SpecValid');
  return specValid?.status === 'False' ? specValid.message : status.underWay.join('; ');
}
