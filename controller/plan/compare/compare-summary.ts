import type { CacheChange, ChangedWorkspace, Comparison, Effect } from './compare.js';

const CACHE_WORDS: Readonly<Record<CacheChange['kind'], string>> = {
  added: 'added',
  changed: 'changed',
  reset: 'changed',
  removed: 'removed',
  unused: 'no longer used',
};

/** Summarizes how many objects change and how: `3 workspaces changed (2 replaced, 1 package change), 1 cache added.` */
export function comparisonSummary({ workspaces, caches }: Comparison): string {
  const changed = workspaces.filter((change) => change.kind === 'changed');
  const parts = [
    ...counted('workspace', workspaces.filter(({ kind }) => kind === 'added').length, 'added'),
    ...counted('workspace', changed.length, `changed (${effectCounts(changed)})`),
    ...counted('workspace', workspaces.filter(({ kind }) => kind === 'removed').length, 'removed'),
    ...[...new Set(Object.values(CACHE_WORDS))].flatMap((words) =>
      counted('cache', caches.filter(({ kind }) => CACHE_WORDS[kind] === words).length, words),
    ),
  ];
  return parts.length === 0 ? 'Nothing changes.' : `${parts.join(', ')}.`;
}

/** A workspace is counted once for each of its effects. */
function effectCounts(changed: readonly ChangedWorkspace[]): string {
  const isStopped = ({ state }: ChangedWorkspace): boolean => state === 'Stopped';
  const count = (type: Effect['type'], workspaces: readonly ChangedWorkspace[]): number =>
    workspaces.filter(({ effects }) => effects.some((effect) => effect.type === type)).length;
  const [stopped, running] = [changed.filter(isStopped), changed.filter((change) => !isStopped(change))];
  return [
    worded(count('replace', running), 'replaced'),
    worded(count('replace', stopped), 'replaced at the next start'),
    worded(count('in-place', running), 'updated in place'),
    worded(count('in-place', stopped), 'updated at the next start'),
    worded(count('packages', changed), 'package change', 's'),
    worded(count('start', changed), 'started'),
    worded(count('stop', changed), 'stopped'),
    worded(count('policy', changed), 'policy change', 's'),
  ]
    .flat()
    .join(', ');
}

function counted(noun: string, count: number, words: string): string[] {
  return worded(count, noun, 's').map((text) => `${text} ${words}`);
}

function worded(count: number, words: string, plural = ''): string[] {
  return count === 0 ? [] : [`${count} ${words}${count === 1 ? '' : plural}`];
}
