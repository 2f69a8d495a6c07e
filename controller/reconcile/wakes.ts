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

/** What an event points to (law 1: it names what to observe, nothing else). */
export interface Wakes {
  readonly workspaces: readonly string[];
  readonly shared: boolean;
  /** Caches whose keeper or volume it concerns. */
  readonly caches: readonly string[];
  /** Something that a waiting workspace may wait for has changed. */
  readonly waiting: boolean;
}

const NOTHING: Wakes = { workspaces: [], shared: false, caches: [], waiting: false };

/** The keys that `event` points to. An image event also forgets what `state` knows of images. */
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
      // Creations are ours, or they end a conflict whose recheck is due anyhow.
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
 * The cache that a removed workspace used: paths of its image may go, and a keeper may have waited for a container of
 * the replaced system.
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
