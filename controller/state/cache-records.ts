import type { CacheTotals } from '../model/cache-status.js';
import type { StateFile } from './state-file.js';

/**
 * Records by image id whether an image contains a Nix store of its own. When the record is lost, each image is probed
 * again.
 */
export function createImageRecord(file: StateFile): {
  load(): (readonly [string, boolean])[];
  save(rows: readonly (readonly [string, boolean])[]): void;
} {
  return {
    load: () =>
      file
        .read()
        .filter(
          (row): row is [string, boolean] =>
            Array.isArray(row) && typeof row[0] === 'string' && typeof row[1] === 'boolean',
        ),
    save: (rows) => file.write(rows),
  };
}

/** One record for each cache, kept in a file that can be lost; `load` returns null then. */
export interface CacheRecords<T> {
  of(cache: string): { load(): T | null; save(record: T): void };
}

/** The totals of the realisations of each cache. When they are lost, they start again at zero. */
export const createCacheTotals = (file: StateFile): CacheRecords<CacheTotals> => recordsByCache(file, isTotals);

/** The record of the collections of each cache; nix/ defines its form. When it is lost, no collection is overdue. */
export const createGcRecords = <T extends object>(file: StateFile): CacheRecords<T> =>
  recordsByCache<T>(file, isGcRecord);

/** The record of the verifications of each cache; nix/ defines its form. When it is lost, damage is found again. */
export const createVerifyRecords = <T extends object>(file: StateFile): CacheRecords<T> =>
  recordsByCache<T>(file, isVerifyRecord);

function recordsByCache<T>(file: StateFile, isRecord: (value: unknown) => boolean): CacheRecords<T> {
  const entries = new Map(
    file
      .read()
      .filter((row): row is [string, T] => Array.isArray(row) && typeof row[0] === 'string' && isRecord(row[1])),
  );
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
  return (
    typeof record?.knownSince === 'number' &&
    Array.isArray(record.runs) &&
    typeof record.goneSince === 'object' &&
    record.goneSince !== null
  );
}

function isVerifyRecord(value: unknown): boolean {
  const record = value as { knownSince?: unknown; runs?: unknown; damaged?: unknown; lost?: unknown } | null;
  const lists = [record?.runs, record?.damaged, record?.lost];
  return typeof record?.knownSince === 'number' && lists.every(Array.isArray);
}

function isTotals(value: unknown): boolean {
  const totals = value as Partial<CacheTotals> | null;
  const numbers = [
    totals?.bytesFetched,
    totals?.bytesSaved,
    totals?.paths?.hit,
    totals?.paths?.fetched,
    totals?.paths?.built,
  ];
  return numbers.every((value) => typeof value === 'number' && Number.isFinite(value));
}
