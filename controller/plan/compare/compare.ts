import type { CacheConfig, DesiredCache, DesiredSnapshot, DesiredWorkspace } from '../../model/desired.js';
import { limitRemovals } from '../removal-limit.js';
import { inPlaceChanges } from '../in-place.js';
import { mountCauses } from '../item-causes.js';
import { creationCauses } from '../spec-causes.js';
import { changeOf, fieldChanges, shortened } from '../value-change.js';

/** The changes from one set of specs to another, sorted by name. */
export interface Comparison {
  readonly workspaces: readonly WorkspaceChange[];
  readonly caches: readonly CacheChange[];
}

export type WorkspaceChange =
  | { readonly kind: 'added'; readonly name: string; readonly image: string; readonly state: DesiredWorkspace['state'] }
  /** `deletesData`: the data volume is removed with all files in it. `held`: the removal waits for a person (law 4). */
  | { readonly kind: 'removed'; readonly name: string; readonly deletesData: boolean; readonly held: boolean }
  | ChangedWorkspace;

export interface ChangedWorkspace {
  readonly kind: 'changed';
  readonly name: string;
  /** The desired state of the workspace. */
  readonly state: DesiredWorkspace['state'];
  readonly effects: readonly Effect[];
}

export interface Effect {
  readonly type: 'replace' | 'in-place' | 'packages' | 'start' | 'stop' | 'policy';
  readonly causes: readonly string[];
}

export interface CacheChange {
  /**
   * `reset`: the cache's file is removed, and the defaults apply. `unused`: the cache had no file, and no workspace
   * names it any more.
   */
  readonly kind: 'added' | 'removed' | 'changed' | 'reset' | 'unused';
  readonly name: string;
  readonly causes: readonly string[];
  /** The workspaces that name the cache after the change. */
  readonly users: readonly string[];
}

/** Computes the changes from one set of specs to the other. Pure: it needs no engine, secrets or clock. */
export function compareDesired(before: DesiredSnapshot, after: DesiredSnapshot): Comparison {
  const gone = [...before.workspaces.keys()].filter((name) => !after.workspaces.has(name) && !after.claimed.has(name));
  const held = new Set(limitRemovals({ existing: [...before.workspaces.keys()], gone, approved: new Set() }).held);
  const users = usersByCache(after.workspaces.values());
  return {
    workspaces: namesOf(before.workspaces, after.workspaces).flatMap((name): WorkspaceChange[] => {
      const [old, wanted] = [before.workspaces.get(name), after.workspaces.get(name)];
      if (wanted === undefined)
        return old === undefined || after.claimed.has(name)
          ? []
          : [{ kind: 'removed', name, deletesData: old.reclaimPolicy === 'Delete', held: held.has(name) }];
      if (old === undefined) return [{ kind: 'added', name, image: wanted.creation.image, state: wanted.state }];
      const effects = effectsOf(old, wanted);
      return effects.length === 0 ? [] : [{ kind: 'changed', name, state: wanted.state, effects }];
    }),
    caches: namesOf(before.caches, after.caches).flatMap((name) =>
      cacheChange(name, before.caches.get(name), after.caches.get(name), users.get(name) ?? []),
    ),
  };
}

/** Whether nothing changes. */
export function isEmpty({ workspaces, caches }: Comparison): boolean {
  return workspaces.length + caches.length === 0;
}

function effectsOf(before: DesiredWorkspace, after: DesiredWorkspace): Effect[] {
  const policies = (['reclaimPolicy', 'imagePullPolicy'] as const).filter((field) => before[field] !== after[field]);
  const effects: Effect[] = [
    { type: 'replace', causes: creationCauses(before.creation, after.creation) },
    { type: 'in-place', causes: inPlaceChanges(before.inPlace, after.inPlace).map(({ cause }) => cause) },
    { type: 'packages', causes: packageCauses(before.packages, after.packages) },
    {
      type: after.state === 'Running' ? 'start' : 'stop',
      causes: before.state === after.state ? [] : [changeOf('state', before.state, after.state)],
    },
    { type: 'policy', causes: policies.map((field) => changeOf(field, before[field], after[field])) },
  ];
  return effects.filter(({ causes }) => causes.length > 0);
}

function packageCauses(before: readonly string[], after: readonly string[]): string[] {
  const [old, wanted] = [new Set(before), new Set(after)];
  return [
    ...after.filter((name) => !old.has(name)).map((name) => `added ${shortened(name)}`),
    ...before.filter((name) => !wanted.has(name)).map((name) => `removed ${shortened(name)}`),
  ];
}

function cacheChange(
  name: string,
  before: DesiredCache | undefined,
  after: DesiredCache | undefined,
  users: readonly string[],
): CacheChange[] {
  if (before === undefined) return [{ kind: 'added', name, causes: [], users }];
  const hadFile = before.location !== null;
  if (after === undefined) return [{ kind: hadFile ? 'removed' : 'unused', name, causes: [], users }];
  const causes = configCauses(before.config, after.config);
  const kind = hadFile && after.location === null ? 'reset' : 'changed';
  return causes.length === 0 ? [] : [{ kind, name, causes, users }];
}

function configCauses(
  { gc: oldGc, mounts: oldMounts, builds: oldBuilds, resources: oldResources, ...before }: CacheConfig,
  { gc, mounts, builds, resources, ...after }: CacheConfig,
): string[] {
  return [
    ...fieldChanges('', before, after),
    ...mountCauses(oldMounts, mounts),
    ...fieldChanges('builds.', oldBuilds, builds),
    ...fieldChanges('resources.', oldResources, resources),
    ...fieldChanges('gc.', oldGc, gc),
  ];
}

function usersByCache(workspaces: Iterable<DesiredWorkspace>): Map<string, string[]> {
  const users = new Map<string, string[]>();
  for (const { name, creation } of workspaces) {
    if (creation.cache === null) continue;
    const names = users.get(creation.cache);
    if (names === undefined) users.set(creation.cache, [name]);
    else names.push(name);
  }
  for (const names of users.values()) names.sort();
  return users;
}

function namesOf(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].sort();
}
