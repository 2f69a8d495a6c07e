import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { REASONS, type Reason } from '../model/reasons.js';
import type { WorkspaceMemory } from '../plan/types.js';

type GivenUp = NonNullable<WorkspaceMemory['failed']>;

/** Specs that failed for good, by workspace: a restart of the controller must not stop a workspace for another try (law 6). */
export interface GivenUpStore {
  all(): ReadonlyMap<string, GivenUp>;
  set(workspace: string, failed: GivenUp | null): void;
}

/** One JSON file that can be lost: then each of them is tried once more. `onError` hears of a file that cannot be written. */
export function createGivenUpStore(file: string, onError: (error: Error) => void): GivenUpStore {
  const entries = read(file);
  return {
    all: () => entries,
    set(workspace, failed) {
      const before = entries.get(workspace);
      if (failed === null ? before === undefined : before?.specHash === failed.specHash && before.failure.message === failed.failure.message) return;
      if (failed === null) entries.delete(workspace);
      else entries.set(workspace, failed);
      write(file, entries, onError);
    },
  };
}

function read(file: string): Map<string, GivenUp> {
  try {
    const rows: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return new Map(Array.isArray(rows) ? rows.filter(isRow) : []);
  } catch {
    // Absent or broken: one more try each.
    return new Map();
  }
}

function isRow(row: unknown): row is [string, GivenUp] {
  if (!Array.isArray(row) || typeof row[0] !== 'string') return false;
  const entry = row[1] as Partial<GivenUp> | null;
  const reason = entry?.failure?.reason;
  return typeof entry?.specHash === 'string' && typeof entry.failure?.message === 'string' && Object.hasOwn(REASONS, reason as Reason);
}

function write(file: string, entries: ReadonlyMap<string, GivenUp>, onError: (error: Error) => void): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.tmp`, `${JSON.stringify([...entries])}\n`, { mode: 0o600 });
    renameSync(`${file}.tmp`, file);
  } catch (error) {
    onError(error as Error);
  }
}
