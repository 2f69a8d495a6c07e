import { CACHE_MOUNT_PATH, isReservedSharedVolume } from '../../model/names.js';
import type { WorkspaceSpec } from '../../model/workspace.generated.js';
import type { Issue } from '../parse/locate.js';
import { quote } from '../parse/problem.js';

export const DEFAULT_STORAGE_PATH = '/workspace';

/** A mount over one of these directories breaks every container. */
const UNTOUCHABLE: readonly string[] = ['/', '/proc', '/sys', '/dev'];

interface Target {
  readonly target: string;
  readonly path: (string | number)[];
  /** The origin of the mount, for the message about another mount with the same target. */
  readonly owner: string;
}

/** Rejects two mounts with the same target, and mounts over what the container or the cache needs. */
export function admitMounts(spec: WorkspaceSpec): Issue[] {
  return [...sharedNames(spec), ...targetIssues(spec)];
}

function* sharedNames(spec: WorkspaceSpec): Generator<Issue> {
  const seen = new Set<string>();
  for (const [index, { name }] of (spec.sharedVolumes ?? []).entries()) {
    const path = ['spec', 'sharedVolumes', index, 'name'];
    if (isReservedSharedVolume(name))
      yield { path, at: 'value', message: `${quote(name)} is reserved for the controller: choose another name` };
    if (seen.has(name)) yield { path, at: 'value', message: `${quote(name)} stands twice: remove one of them` };
    seen.add(name);
  }
}

function* targetIssues(spec: WorkspaceSpec): Generator<Issue> {
  const hasCache = spec.cache !== false;
  const owners = new Map<string, string>();
  for (const { target, path, owner } of targets(spec)) {
    const found = (message: string): Issue => ({
      path: ['spec', ...path],
      at: 'value',
      message: `${quote(target)} ${message}`,
    });
    if (UNTOUCHABLE.includes(target) || target.startsWith('/proc/'))
      yield found('belongs to the system: mount elsewhere');
    else if (hasCache && (target === CACHE_MOUNT_PATH || target.startsWith(`${CACHE_MOUNT_PATH}/`)))
      yield found('belongs to the cache: mount elsewhere, or set "cache": false');
    else if (owners.has(target)) yield found(`is taken by ${owners.get(target)}: mount elsewhere`);
    owners.set(target, owner);
  }
}

function targets(spec: WorkspaceSpec): Target[] {
  return [
    {
      target: spec.storage?.mountPath ?? DEFAULT_STORAGE_PATH,
      path: ['storage', 'mountPath'],
      owner: 'the data volume (spec.storage.mountPath)',
    },
    ...(spec.sharedVolumes ?? []).map(({ mountPath }, index) => ({
      target: mountPath,
      path: ['sharedVolumes', index, 'mountPath'],
      owner: `spec.sharedVolumes[${index}]`,
    })),
    ...(spec.mounts ?? []).map(({ target }, index) => ({
      target,
      path: ['mounts', index, 'target'],
      owner: `spec.mounts[${index}]`,
    })),
  ];
}
