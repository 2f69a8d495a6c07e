import {
  DEFAULT_CACHE,
  LABEL,
  WORKSPACE_NETWORK,
  cacheOfKeeperName,
  cacheOfVolumeName,
  workspaceOfContainerName,
} from '../model/names.js';
import type { EngineEvent, ObservedContainer } from '../model/engine-objects.js';
import { recordedSpec } from '../plan/diff.js';
import type { ControllerState } from './state.js';

/** What an event points to. It names what to observe, and nothing else (law 1). */
export interface Wakes {
  readonly workspaces: readonly string[];
  readonly shared: boolean;
  /** The caches whose keeper or volume the event concerns. */
  readonly caches: readonly string[];
  /** Whether something has changed that a waiting workspace may wait for. */
  readonly waiting: boolean;
}

const NOTHING: Wakes = { workspaces: [], shared: false, caches: [], waiting: false };

/** The keys that `event` points to. An image event also makes `state` forget what it knows of images. */
export function wakesOf(
  event: EngineEvent,
  containers: ReadonlyMap<string, ObservedContainer>,
  state: ControllerState,
): Wakes {
  switch (event.type) {
    case 'container':
      return {
        workspaces: workspacesOf(event),
        shared: false,
        caches: [...keeperOf(event), ...cacheLeft(event)],
        waiting: ['die', 'destroy', 'rename', 'stop'].includes(event.action),
      };
    case 'volume':
      // Created volumes are ours, or they end a conflict, which is rechecked anyway.
      return event.action === 'destroy'
        ? { ...NOTHING, shared: true, caches: toList(cacheOfVolumeName(event.id)), waiting: true }
        : NOTHING;
    case 'network':
      return networkWakes(event, containers);
    case 'image':
      state.absentImages.clear();
      state.images.clear();
      return { ...NOTHING, waiting: true };
    case 'other':
      return NOTHING;
  }
}

function workspacesOf({ attributes }: EngineEvent): string[] {
  const names = [attributes[LABEL.workspace], fromName(attributes['name']), fromName(attributes['oldName'])];
  return [...new Set(names.filter((name) => name !== undefined))];
}

function keeperOf({ attributes }: EngineEvent): string[] {
  return toList(cacheOfKeeperName(attributes['name'] ?? ''));
}

/**
 * The cache that a removed workspace used. The paths of its image may now be released, and the keeper may have waited
 * for a container of the replaced system.
 */
function cacheLeft({ action, attributes }: EngineEvent): string[] {
  if (action !== 'destroy' || attributes[LABEL.workspace] === undefined) return [];
  if (attributes[LABEL.controller] === undefined) return [DEFAULT_CACHE];
  const cache = recordedSpec(attributes[LABEL.spec])?.cache;
  return typeof cache === 'string' ? [cache] : [];
}

function toList(name: string | undefined): string[] {
  return name === undefined ? [] : [name];
}

function fromName(container: string | undefined): string | undefined {
  return workspaceOfContainerName((container ?? '').replace(/^\//, ''));
}

function networkWakes({ action, attributes }: EngineEvent, containers: ReadonlyMap<string, ObservedContainer>): Wakes {
  if (attributes['name'] !== WORKSPACE_NETWORK) return NOTHING;
  if (action === 'destroy' || action === 'create') return { ...NOTHING, shared: true, waiting: true };
  if (action !== 'disconnect') return NOTHING;
  const workspace = containers.get(attributes['container'] ?? '')?.labels[LABEL.workspace];
  return workspace === undefined ? NOTHING : { ...NOTHING, workspaces: [workspace] };
}
