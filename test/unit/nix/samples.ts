import type { CacheConfig, DesiredCache } from '../../../controller/model/desired.js';
import type { ObservedContainer, ObservedVolume } from '../../../controller/model/engine-objects.js';
import { keeperName, LABEL } from '../../../controller/model/names.js';
import { keeperDefinition, keeperHash } from '../../../controller/nix/keeper/keeper-definition.js';
import type { KeeperInput } from '../../../controller/plan/keeper.js';

export const CONFIG: CacheConfig = {
  image: 'kalpana/nix-keeper:latest',
  nixpkgs: '/nixpkgs',
  substituters: ['https://cache.example.org'],
  trustedPublicKeys: ['key-1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='],
  requireSignatures: true,
  sandbox: false,
  trustedImages: [],
  network: 'bridge',
  mounts: [],
  prewarm: [],
  builds: { timeoutMs: 21_600_000, maxSilentMs: 3_600_000 },
  resources: { nanoCpus: 0, memoryBytes: null, pids: 16_384 },
  gc: {
    schedule: '0 4 * * *',
    timeZone: 'UTC',
    retainMs: 604_800_000,
    graceMs: 86_400_000,
    maxBytes: null,
    maxFreedPerRun: null,
    optimise: false,
    deadlineMs: 1_800_000,
    suspend: false,
  },
  verify: { schedule: '0 3 * * *', timeZone: 'UTC', share: null },
};

export function cache(change: Partial<CacheConfig> = {}, { implicit = false } = {}): DesiredCache {
  const location = implicit ? null : { source: 's', file: 'cache.json', line: 1, column: 1 };
  return { name: 'team', location, config: { ...CONFIG, ...change }, problem: null };
}

export const VOLUME: ObservedVolume = {
  name: 'kalpana-nix-store-team',
  driver: 'local',
  labels: { [LABEL.shared]: 'true', [LABEL.managed]: 'true', [LABEL.type]: 'nix-cache' },
};

/** A keeper made from `desired`, running unless `change` says otherwise. */
export function keeper(desired: DesiredCache, change: Partial<ObservedContainer> = {}): ObservedContainer {
  const definition = keeperDefinition(desired, 'default');
  return {
    id: 'id-main',
    name: keeperName('team'),
    image: definition.image,
    imageId: 'sha256:k',
    labels: definition.labels,
    state: 'running',
    health: 'none',
    mounts: definition.mounts,
    networks: [],
    ports: [],
    details: null,
    ...change,
  };
}

/** A container that mounts the cache's volume. */
export function user(name: string, target = '/nix', change: Partial<ObservedContainer> = {}): ObservedContainer {
  const mounts = [{ type: 'volume', source: VOLUME.name, target, readOnly: target === '/nix' }];
  return { ...keeper(cache()), id: `id-${name}`, name, labels: {}, mounts, ...change };
}

export function input(desired: DesiredCache | null, change: Partial<KeeperInput> = {}): KeeperInput {
  return {
    cache: 'team',
    instance: 'default',
    wanted:
      desired === null
        ? null
        : {
            definition: keeperDefinition(desired, 'default'),
            hash: keeperHash(desired.config),
            isImplicit: desired.location === null,
          },
    main: null,
    next: null,
    volume: VOLUME,
    network: undefined,
    users: [],
    imageAbsent: false,
    failed: null,
    nextProven: false,
    restartInMs: 0,
    seed: null,
    ...change,
  };
}
