import type { CacheTotals, CacheUse, PathCount } from '../../model/cache-status.js';
import type { KnownEnvironment, Realised } from '../keeper/keeper-answers.js';

export interface TotalsRecord {
  load(): CacheTotals | null;
  save(totals: CacheTotals): void;
}

export const NO_TOTALS: CacheTotals = { paths: { hit: 0, fetched: 0, built: 0 }, bytesFetched: 0, bytesSaved: 0 };

/** Computes how a realisation that took `seconds` used the cache. */
export function useOf({ hit, fetched, built }: Realised, seconds: number): CacheUse {
  return {
    paths: count(hit.size, fetched.size, built.size),
    bytes: count(sum(hit), sum(fetched), sum(built)),
    seconds,
    temperature: fetched.size + built.size === 0 ? 'warm' : 'cold',
  };
}

/** Computes how a workspace that found its whole environment in the store used the cache. */
export function warmUse({ paths, bytes }: KnownEnvironment, seconds: number): CacheUse {
  return { paths: count(paths, 0, 0), bytes: count(bytes, 0, 0), seconds, temperature: 'warm' };
}

/** The totals of one cache. Each use is added once and saved. */
export interface Totals {
  current(): CacheTotals;
  add(use: CacheUse): void;
}

/** Creates the totals. `record` keeps them across restarts; when it is lost, they begin at zero. */
export function createTotals(record: TotalsRecord): Totals {
  let totals = record.load() ?? NO_TOTALS;
  return {
    current: () => totals,
    add(use) {
      totals = addUse(totals, use);
      record.save(totals);
    },
  };
}

function addUse(totals: CacheTotals, { paths, bytes }: CacheUse): CacheTotals {
  return {
    paths: {
      hit: totals.paths.hit + paths.hit,
      fetched: totals.paths.fetched + paths.fetched,
      built: totals.paths.built + paths.built,
    },
    bytesFetched: totals.bytesFetched + bytes.fetched,
    bytesSaved: totals.bytesSaved + bytes.hit,
  };
}

function count(hit: number, fetched: number, built: number): PathCount {
  return { asked: hit + fetched + built, hit, fetched, built };
}

function sum(sizes: ReadonlyMap<string, number>): number {
  return [...sizes.values()].reduce((total, size) => total + size, 0);
}
