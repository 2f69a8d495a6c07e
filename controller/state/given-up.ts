import { REASONS, type Reason } from '../model/reasons.js';
import type { WorkspaceMemory } from '../plan/types.js';
import type { StateFile } from './state-file.js';

type GivenUp = NonNullable<WorkspaceMemory['failed']>;

/**
 * The specs that failed for good, by workspace. They are kept, because a restart of the controller must not stop a
 * workspace for another attempt (law 6).
 */
export interface GivenUpStore {
  all(): ReadonlyMap<string, GivenUp>;
  set(workspace: string, failed: GivenUp | null): void;
}

/** Creates the store in `file`, which can be lost; each of its specs is tried once more then. */
export function createGivenUpStore(file: StateFile): GivenUpStore {
  const entries = new Map(file.read().filter(isRow));
  return {
    all: () => entries,
    set(workspace, failed) {
      const before = entries.get(workspace);
      if (
        failed === null
          ? before === undefined
          : before?.specHash === failed.specHash && before.failure.message === failed.failure.message
      )
        return;
      if (failed === null) entries.delete(workspace);
      else entries.set(workspace, failed);
      file.write([...entries]);
    },
  };
}

function isRow(row: unknown): row is [string, GivenUp] {
  if (!Array.isArray(row) || typeof row[0] !== 'string') return false;
  const entry = row[1] as Partial<GivenUp> | null;
  const reason = entry?.failure?.reason;
  return (
    typeof entry?.specHash === 'string' &&
    typeof entry.failure?.message === 'string' &&
    Object.hasOwn(REASONS, reason as Reason)
  );
}
