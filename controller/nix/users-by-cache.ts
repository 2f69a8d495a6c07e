import type { DesiredSnapshot } from '../model/desired.js';
import { groupBy } from '../model/group-by.js';

/** The names of workspaces, sorted, by the cache that their specs name. */
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
