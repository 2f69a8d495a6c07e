import type { CacheStatus } from '../../model/cache-status.js';
import { ROOT_KINDS, type GcConfig, type GcRun, type GcStatus, type RootCounts } from '../../model/gc-status.js';
import { freedText } from '../../model/gc-text.js';
import { formatBytes } from '../../model/quantity.js';
import { explain } from '../../model/reasons.js';
import type { CountedEvent } from '../../status/events.js';
import { cacheFacts, underWaySection } from './cache-text.js';
import { durationText } from './duration-text.js';
import { nextRunText } from './gc-status-text.js';
import { verificationSections } from './verify-text.js';
import { conditionsSection, eventsSection, renderFacts, section } from './sections.js';

const RECENT_RUNS = 10;

/**
 * Renders the answer of `describe cache`: that of `cache status`, and the collections and verifications of the cache.
 * `now` is ms since the epoch.
 */
export function describeCacheText(status: CacheStatus, events: readonly CountedEvent[], now: number): string {
  return [
    renderFacts(cacheFacts(status, now)),
    underWaySection(status),
    ...(status.gc === null
      ? ['\nCollection: none, for no spec names the cache\n']
      : collectionSections(status.gc, now)),
    ...(status.verify === null ? [] : verificationSections(status.name, status.verify, now)),
    conditionsSection(status.conditions, now),
    eventsSection(events, now),
  ].join('');
}

function collectionSections(gc: GcStatus, now: number): string[] {
  const facts = [
    ...configFacts(gc.config),
    ['Next run:', nextRunText(gc, now)],
    ['Under way:', gc.underWay ?? 'nothing'],
  ];
  return [section('Collection', facts), rootsSection(gc.roots), runsSection(gc.runs)];
}

function configFacts({
  schedule,
  timeZone,
  retainMs,
  graceMs,
  maxBytes,
  maxFreedPerRun,
  optimise,
  deadlineMs,
}: GcConfig): string[][] {
  return [
    ['Schedule:', `${schedule} (${timeZone})`],
    ['Retain:', durationText(retainMs)],
    ['Grace:', durationText(graceMs)],
    ['Max bytes:', maxBytes === null ? 'no bound' : formatBytes(maxBytes)],
    ['Max freed per run:', maxFreedPerRun === null ? 'no bound' : formatBytes(maxFreedPerRun)],
    ['Optimise:', optimise ? 'yes' : 'no'],
    ['Deadline:', durationText(deadlineMs)],
  ];
}

function rootsSection(roots: RootCounts | null): string {
  if (roots === null) return '\nRoots: not known before the first run\n';
  const rows = ROOT_KINDS.filter((kind) => roots[kind] > 0).map((kind) => [kind, String(roots[kind])]);
  return rows.length === 0 ? '\nRoots: none\n' : section('Roots', [['KIND', 'COUNT'], ...rows]);
}

function runsSection(runs: readonly GcRun[]): string {
  if (runs.length === 0) return '\nLast runs: none\n';
  return section('Last runs', [
    ['STARTED', 'TRIGGER', 'RESULT', 'FREED', 'KEPT', 'HELD', 'SECONDS', 'MESSAGE'],
    ...runs.slice(0, RECENT_RUNS).map(runRow),
  ]);
}

function runRow(run: GcRun): string[] {
  const { startedAt, trigger, result, keptPaths, heldSeconds, seconds, failure } = run;
  return [
    new Date(startedAt).toISOString(),
    trigger,
    result,
    freedText(run),
    String(keptPaths),
    heldSeconds.toFixed(1),
    seconds.toFixed(1),
    failure === null ? '' : explain(failure),
  ];
}
