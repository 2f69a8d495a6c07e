import type { CacheTotals } from '../model/cache.js';
import type { StateFile } from './state-file.js';

/** Whether images bring a Nix store of their own, by image id. It can be lost: then each is looked at once more. */
export function createImageRecord(file: StateFile): { load(): (readonly [string, boolean])[]; save(rows: readonly (readonly [string, boolean])[]): void } {
  return {
    load: () => file.read().filter((row): row is [string, boolean] => Array.isArray(row) && typeof row[0] === 'string' && typeof row[1] === 'boolean'),
    save: (rows) => file.write(rows),
  };
}

/** What each cache's realisations came to. It can be lost: then the record begins anew. */
export function createCacheTotals(file: StateFile): { of(cache: string): { load(): CacheTotals | null; save(totals: CacheTotals): void } } {
  const entries = new Map(file.read().filter(isRow));
  return {
    of: (cache) => ({
      load: () => entries.get(cache) ?? null,
      save(totals) {
        entries.set(cache, totals);
        file.write([...entries]);
      },
    }),
  };
}

/** What outlives the controller of each cache's collections, as `nix` made it. It can be lost: then nothing is owed. */
export function createGcRecords<T extends object>(file: StateFile): { of(cache: string): { load(): T | null; save(record: T): void } } {
  const entries = new Map(file.read().filter((row): row is [string, T] => Array.isArray(row) && typeof row[0] === 'string' && isGcRecord(row[1])));
  return {
    of: (cache) => ({
      load: () => entries.get(cache) ?? null,
      save(record) {
        entries.set(cache, record);
        file.write([...entries]);
      },
    }),
  };
}

function isGcRecord(value: unknown): boolean {
  const record = value as { knownSince?: unknown; runs?: unknown; goneSince?: unknown } | null;
  return typeof record?.knownSince === 'number' && Array.isArray(record.runs) && typeof record.goneSince === 'object' && record.goneSince !== null;
}

function isRow(row: unknown): row is [string, CacheTotals] {
  if (!Array.isArray(row) || typeof row[0] !== 'string') return false;
  const totals = row[1] as Partial<CacheTotals> | null;
  const numbers = [totals?.bytesFetched, totals?.bytesSaved, totals?.paths?.hit, totals?.paths?.fetched, totals?.paths?.built];
  return numbers.every((value) => typeof value === 'number' && Number.isFinite(value));
}
