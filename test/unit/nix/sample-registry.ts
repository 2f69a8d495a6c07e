import type { DockerPort } from '../../../controller/docker/port.js';
import type { CacheEvent } from '../../../controller/model/cache-event.js';
import type { DesiredCache, DesiredSnapshot, DesiredWorkspace } from '../../../controller/model/desired.js';
import type { ObservedContainer, ObservedVolume } from '../../../controller/model/engine-objects.js';
import { createCacheRegistry, type CachesDependencies } from '../../../controller/nix/cache-registry.js';
import { createManualClock } from '../../support/manual-clock.js';
import { portOf } from './fake-port.js';

export interface Surroundings extends Partial<Omit<CachesDependencies, 'docker' | 'view' | 'emit'>> {
  /** The verbs that the test expects. */
  readonly docker?: Partial<DockerPort>;
  readonly containers?: readonly ObservedContainer[];
  readonly volumes?: readonly ObservedVolume[];
}

/** What a controller gives its caches: an engine with these objects, and nothing remembered from an earlier run. */
export function surroundings({ docker = {}, containers = [], volumes = [], ...more }: Surroundings = {}) {
  const events: CacheEvent[] = [];
  const clock = createManualClock();
  const view = {
    containers: new Map(containers.map((container) => [container.id, container])),
    volumes: new Map(volumes.map((volume) => [volume.name, volume])),
  };
  const nothing = () => ({ load: () => null, save: () => undefined });
  const deps: CachesDependencies = {
    docker: portOf(docker),
    clock,
    random: () => 0,
    instance: 'default',
    view,
    calls: {},
    execute: async () => ({ failure: null }),
    emit: (event) => void events.push(event),
    totalsRecord: nothing,
    gcRecord: nothing,
    verifyRecord: nothing,
    imageRecord: { load: () => [], save: () => undefined },
    isForesight: false,
    isOnce: false,
    ...more,
  };
  return { deps, view, events, clock };
}

/** A registry that knows no cache yet, in such surroundings. */
export function sampleRegistry(given: Surroundings = {}) {
  const around = surroundings(given);
  return { ...around, registry: createCacheRegistry(around.deps) };
}

/** All specs, as a scan found them. */
export function snapshotOf(
  caches: readonly DesiredCache[],
  workspaces: readonly DesiredWorkspace[] = [],
  { complete = true } = {},
): DesiredSnapshot {
  return {
    complete,
    caches: new Map(caches.map((cache) => [cache.name, cache])),
    workspaces: new Map(workspaces.map((workspace) => [workspace.name, workspace])),
    claimed: new Set(),
    absent: new Set(),
    removed: new Map(),
    problems: [],
    revisions: new Map(),
  };
}
