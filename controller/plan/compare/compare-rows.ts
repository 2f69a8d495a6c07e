import type { CacheChange, ChangedWorkspace, Comparison, Effect, WorkspaceChange } from './compare.js';
import { shortened } from '../value-change.js';

/** One line about one object, for all formats. All fields except `action` may contain text from specs. */
export interface ComparisonRow {
  readonly object: string;
  readonly action: string;
  readonly causes: readonly string[];
  /** The consequences of the action. */
  readonly notes: readonly string[];
}

export const DATA_GOES = 'its data volume is removed with all files in it';
export const HELD = 'held until a person confirms';

/** How many users of a cache are listed by name; the rest is counted. */
const USERS_NAMED = 10;

/** The rows of a comparison: a row for each effect on a workspace, sorted by name, then the caches. */
export function comparisonRows({ workspaces, caches }: Comparison): ComparisonRow[] {
  return [...workspaces.flatMap(workspaceRows), ...caches.map(cacheRow)];
}

function workspaceRows(change: WorkspaceChange): ComparisonRow[] {
  const object = change.name;
  if (change.kind === 'added')
    return [
      {
        object,
        action: change.state === 'Stopped' ? 'create, stopped' : 'create',
        causes: [`image: ${shortened(change.image)}`],
        notes: [],
      },
    ];
  if (change.kind === 'changed')
    return change.effects.map(({ type, causes }) => ({ object, causes, ...effectWords(type, change) }));
  const volume = change.deletesData ? `WARNING: ${DATA_GOES}` : 'its data volume stays';
  return [
    {
      object,
      action: change.held ? 'remove, held' : 'remove',
      causes: [],
      notes: change.held ? [volume, HELD] : [volume],
    },
  ];
}

function effectWords(
  type: Effect['type'],
  { state, effects }: ChangedWorkspace,
): Pick<ComparisonRow, 'action' | 'notes'> {
  const isStopped = state === 'Stopped';
  switch (type) {
    // A stopped container is not touched before it is started again.
    case 'replace':
      return { action: isStopped ? 'replace at its next start' : 'replace', notes: [] };
    case 'in-place':
      return { action: isStopped ? 'update in place at its next start' : 'update in place', notes: [] };
    case 'packages':
      return {
        action: 'packages',
        notes: isStopped
          ? ['at its next start']
          : effects.some(({ type: other }) => other === 'replace' || other === 'start')
            ? []
            : ['no restart'],
      };
    case 'start':
    case 'stop':
    case 'policy':
      return { action: type, notes: [] };
  }
}

function cacheRow({ kind, name, causes, users }: CacheChange): ComparisonRow {
  const named =
    users.slice(0, USERS_NAMED).join(', ') +
    (users.length > USERS_NAMED ? ` and ${users.length - USERS_NAMED} more` : '');
  const use = users.length === 0 ? [] : [`used by ${named}`];
  const row = (action: string, notes: readonly string[]): ComparisonRow => ({
    object: `cache ${name}`,
    action,
    causes,
    notes,
  });
  switch (kind) {
    case 'added':
      return row('create', use);
    case 'changed':
      return row('change', use);
    case 'reset':
      return row('change', ['its file is removed, and the defaults hold', ...use]);
    case 'unused':
      return row('no longer used', ['its keeper and its volume stay, and nothing collects it']);
    case 'removed':
      return row('remove', [
        ...(users.length === 0 ? [] : [`WARNING: workspaces that name it wait: ${named}`]),
        'its volume stays',
        'a keeper made from its file goes once no container mounts that',
      ]);
  }
}
