import type { CacheChange, Comparison, Effect, WorkspaceChange } from './compare.js';

/** One line about one object, as all formats tell it. Only `action` is free of what specs say. */
export interface ComparisonRow {
  readonly object: string;
  readonly action: string;
  /** Empty: the action says it all. */
  readonly detail: string;
}

export const DATA_GOES = 'its data volume is removed with all files in it';
export const HELD = 'held until a person confirms';

/** Of a cache that all workspaces use, the rest is counted. */
const USERS_NAMED = 10;

export function comparisonRows({ workspaces, caches }: Comparison): ComparisonRow[] {
  return [...workspaces.flatMap(workspaceRows), ...caches.map(cacheRow)];
}

function workspaceRows(change: WorkspaceChange): ComparisonRow[] {
  const object = change.name;
  if (change.kind === 'added') return [{ object, action: change.state === 'Stopped' ? 'create, stopped' : 'create', detail: `image: ${change.image}` }];
  if (change.kind === 'changed') return change.effects.map((effect) => ({ object, ...effectWords(effect, change.state) }));
  const volume = change.deletesData ? `WARNING: ${DATA_GOES}` : 'its data volume stays';
  return [{ object, action: change.held ? 'remove, held' : 'remove', detail: change.held ? `${volume}; ${HELD}` : volume }];
}

function effectWords({ type, causes }: Effect, state: 'Running' | 'Stopped'): Omit<ComparisonRow, 'object'> {
  const detail = causes.join(', ');
  switch (type) {
    // A stopped container is left alone until it is wanted again.
    case 'replace': return { action: state === 'Stopped' ? 'replace at its next start' : 'replace', detail };
    case 'in-place': return { action: 'update in place', detail };
    case 'packages': return { action: 'packages', detail: `${detail}; no restart` };
    case 'start':
    case 'stop': return { action: type, detail };
    case 'policy': return { action: 'policy', detail };
  }
}

function cacheRow({ kind, name, causes, users }: CacheChange): ComparisonRow {
  const action = ({ added: 'create', removed: 'remove', changed: 'change' } as const)[kind];
  const named = users.slice(0, USERS_NAMED).join(', ') + (users.length > USERS_NAMED ? ` and ${users.length - USERS_NAMED} more` : '');
  const use = kind === 'removed' ? `WARNING: workspaces that name it wait: ${named}` : `used by ${named}`;
  return { object: `cache ${name}`, action, detail: [...causes, ...(users.length === 0 ? [] : [use])].join('; ') };
}
