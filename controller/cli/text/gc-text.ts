import type { GcNews, GcPreview, GcRoot, GcRun } from '../../model/gc-status.js';
import { freedText, pathsText, rootsText } from '../../model/gc-text.js';
import { formatBytes } from '../../model/quantity.js';
import { explain } from '../../model/reasons.js';
import { section } from './sections.js';
import { oneLineText } from './table.js';

/** The result of a cache's collection. */
export type GcOutcome = Exclude<GcNews, { readonly type: 'progress' }>;

/** Why a collection did not succeed, in one line; null when it did. */
export function gcFailureText(outcome: GcOutcome): string | null {
  switch (outcome.type) {
    case 'preview':
      return null;
    case 'refused':
      return oneLineText(`${outcome.cache}: ${outcome.message}`);
    case 'run': {
      const { cache, run } = outcome;
      if (run.result === 'success') return null;
      const what =
        run.result === 'aborted'
          ? 'nothing was collected'
          : `the collection failed after it had freed ${freedText(run)}`;
      return oneLineText(`${cache}: ${what}: ${run.failure === null ? 'no cause is known' : explain(run.failure)}`);
    }
  }
}

/** Describes the result of a successful collection, in whole lines; empty for a refusal. */
export function gcResultText(outcome: GcOutcome): string {
  switch (outcome.type) {
    case 'preview':
      return previewText(outcome.preview);
    case 'refused':
      return '';
    case 'run':
      return oneLineText(`${outcome.cache}: ${runText(outcome.run)}`) + '\n';
  }
}

/** Describes a run: `freed 1.2 GiB (34 paths) in 3.1 s; kept 312 paths: 4 profiles, 2 links, 1 process`. */
function runText(run: GcRun): string {
  const left = run.leftPaths === 0 ? '' : `, ${pathsText(run.leftPaths)} left for the next run`;
  const roots = rootsText(run.roots);
  const kept = `kept ${pathsText(run.keptPaths)}${roots === '' ? '' : `: ${roots}`}`;
  return `freed ${freedText(run)} in ${run.seconds.toFixed(1)} s${left}; ${kept}`;
}

function previewText({ cache, dead, deadBytes, keptPaths, roots, expiring }: GcPreview): string {
  const going =
    dead.length === 0 ? 'nothing would go' : `${formatBytes(deadBytes)} (${pathsText(dead.length)}) would go`;
  return [
    `${oneLineText(cache)}: ${going}; ${pathsText(keptPaths)} would be kept\n`,
    dead.length === 0
      ? ''
      : section('Would go', [['SIZE', 'PATH'], ...dead.map(({ path, bytes }) => [formatBytes(bytes), path])]),
    expiring.length === 0 ? '' : section('Would expire first', rootRows(expiring)),
    roots.length === 0 ? '\nKept by: nothing\n' : section('Kept by', rootRows(roots)),
  ].join('');
}

function rootRows(roots: readonly GcRoot[]): string[][] {
  return [['KIND', 'OWNER', 'FROM', 'PATH'], ...roots.map(({ kind, owner, from, path }) => [kind, owner, from, path])];
}
