import type { DesiredSnapshot } from '../model/desired.js';

/** Workspaces by the cache that their specs name, sorted. */
export function usersByCache({ workspaces }: Pick<DesiredSnapshot, 'workspaces'>): ReadonlyMap<string, readonly string[]> {
  const users = new Map<string, string[]>();
  for (const { name, creation } of workspaces.values()) {
    if (creation.cache === null) continue;
    const names = users.get(creation.cache);
    if (names === undefined) users.set(creation.cache, [name]);
    else names.push(name);
  }
  for (const names of users.values()) names.sort();
  return users;
}
