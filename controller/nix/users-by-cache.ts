import type { DesiredSnapshot } from '../model/desired.js';
import { groupBy } from '../model/group-by.js';

/** Workspaces by the cache that their specs name, sorted. */
export function usersByCache({
  workspaces,
}: Pick<DesiredSnapshot, 'workspaces'>): ReadonlyMap<string, readonly string[]> {
  const users = [...workspaces.values()].flatMap(({ name, creation: { cache } }) =>
    cache === null ? [] : [{ name, cache }],
  );
  return new Map(
    [...groupBy(users, ({ cache }) => cache)].map(([cache, own]) => [cache, own.map(({ name }) => name).sort()]),
  );
}
