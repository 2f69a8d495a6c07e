import type { CacheStatus, CacheUse } from '../../model/cache-status.js';
import { keeperName } from '../../model/names.js';
import { formatBytes } from '../../model/quantity.js';
import type { CountedEvent } from '../../status/events.js';
import { hitRateText } from './cache-table.js';
import { gcLine } from './gc-status-text.js';
import { conditionsSection, eventsSection, renderFacts, section } from './sections.js';

/** Renders the answer of `cache status`. `now` is ms since the epoch. */
export function cacheStatusText(status: CacheStatus, events: readonly CountedEvent[], now: number): string {
  return [
    renderFacts(cacheFacts(status, now)),
    underWaySection(status),
    conditionsSection(status.conditions, now),
    eventsSection(events, now),
  ].join('');
}

const SUMMARY = ['Size:', 'Hit rate:', 'Fetched:', 'Saved:'];

/** Summarizes a cache's use in a few lines of `cache status`; empty before its first use. */
export function cacheSummaryText(status: CacheStatus): string {
  if (status.hitRate === null) return '';
  const rows = cacheFacts(status, 0).filter(([name = '']) => SUMMARY.includes(name));
  return section(`Cache ${status.name}`, rows);
}

/** Renders what is being fetched, built or collected in a cache at the moment. */
export function underWaySection({ underWay }: CacheStatus): string {
  return underWay.length === 0
    ? '\nUnder way: nothing\n'
    : section(
        'Under way',
        underWay.map((words) => [words]),
      );
}

/** Describes what an environment used of the cache: `34 of 34 paths from the cache, 0 B fetched, 0.1 s`. */
export function cacheUseText({ paths, bytes, seconds }: CacheUse): string {
  const built = paths.built === 0 ? '' : `, ${paths.built} built`;
  const fetched = `${formatBytes(bytes.fetched)} fetched`;
  return `${paths.hit} of ${paths.asked} paths from the cache, ${fetched}, ${seconds.toFixed(1)} s${built}`;
}

/** The facts about a cache, as rows of a name and a value. `now` is ms since the epoch. */
export function cacheFacts(status: CacheStatus, now: number): string[][] {
  const {
    name,
    phase,
    location,
    volume,
    nixpkgsRelease,
    storeBytes,
    storePaths,
    environments,
    hitRate,
    totals,
    workspaces,
    gc,
  } = status;
  const { hit, fetched, built } = totals.paths;
  const rate =
    hitRate === null
      ? '-'
      : `${hitRateText(hitRate)} (${hit} of ${hit + fetched + built} paths; ${fetched} fetched, ${built} built)`;
  return [
    ['Name:', name],
    ['Phase:', phase],
    ['Spec:', location === null ? 'none, the defaults hold' : `${location.file}:${location.line}:${location.column}`],
    ['Volume:', volume],
    ['Nixpkgs:', nixpkgsRelease ?? 'names no release'],
    ['Size:', storeBytes === null ? '-' : formatBytes(storeBytes)],
    ['Paths:', storePaths === null ? '-' : String(storePaths)],
    ['Environments:', String(environments)],
    ['Hit rate:', rate],
    ['Fetched:', formatBytes(totals.bytesFetched)],
    ['Saved:', formatBytes(totals.bytesSaved)],
    ['GC:', gcLine(gc, now)],
    ...keeperFacts(status),
    ['Workspaces:', workspaces.length === 0 ? 'none' : workspaces.join(', ')],
  ];
}

/** The version of the keeper's Nix, and the known holes in it. */
function nixText(version: string | null, holes: CacheStatus['knownHoles']): string {
  if (version === null) return '-';
  return holes === null || holes.length === 0 ? version : `${version}, with known holes: ${holes.join(', ')}`;
}

function keeperFacts({ name, keeper, knownHoles }: CacheStatus): string[][] {
  if (keeper === null) return [['Keeper:', 'none']];
  const { id, image, state, nixVersion } = keeper;
  return [
    ['Keeper:', `${keeperName(name)} (${id.slice(0, 12)}), ${state}`],
    ['Keeper image:', image],
    ['Nix:', nixText(nixVersion, knownHoles)],
  ];
}
