import { createHash } from 'node:crypto';
import { canonicalJson } from '../../model/canonical.js';
import type { CacheConfig, DesiredCache } from '../../model/desired.js';
import type { ContainerDefinition, ContainerMount } from '../../model/engine-objects.js';
import { CACHE_MOUNT_PATH, CONTAINER_TYPE, LABEL, VOLUME_TYPE, cacheVolumeName } from '../../model/names.js';
import { sharedVolumeLabels } from '../../model/shared-volume.js';
import { HELPER_CONTAINER } from './helper-container.js';
import { KEEPER_SCRIPT, SEED_ROOT, SEED_SCRIPT } from './scripts.js';
import { nixConf } from './nix-conf.js';

/** The capabilities that a daemon with build users needs, and no more (F11). */
const CAPABILITIES: readonly string[] = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETUID', 'SETGID', 'KILL'];
const SEED_CAPABILITIES: readonly string[] = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'];
const SANDBOX_CAPABILITIES: readonly string[] = [...CAPABILITIES, 'SYS_ADMIN'];

/**
 * The definition of a keeper's container, from the spec of its cache or the defaults. `owner` is the controller's
 * instance.
 */
export function keeperDefinition(cache: DesiredCache, owner: string): ContainerDefinition {
  const { config } = cache;
  const mounts: ContainerMount[] = [
    {
      type: 'volume',
      source: cacheVolumeName(cache.name),
      target: CACHE_MOUNT_PATH,
      readOnly: false,
      noCopy: true,
      labels: sharedVolumeLabels(VOLUME_TYPE.cache),
    },
    ...config.mounts.map(({ source, target, readOnly }): ContainerMount => ({
      type: 'bind',
      source,
      target,
      readOnly,
    })),
  ];
  return {
    image: config.image,
    entrypoint: ['/bin/sh', '-c', KEEPER_SCRIPT],
    command: [],
    user: '0:0',
    hostname: `keeper-${cache.name}`,
    env: [{ name: 'KALPANA_NIX_CONF', value: nixConf(config) }],
    labels: {
      [LABEL.managed]: 'true',
      [LABEL.type]: CONTAINER_TYPE.keeper,
      [LABEL.specHash]: keeperHash(config),
      ...(cache.location === null ? {} : { [LABEL.cacheOwner]: owner }),
    },
    mounts,
    ports: [],
    network: config.network,
    shmBytes: 0,
    limits: { nanoCpus: 0, memoryBytes: 0, pids: 0 },
    restartPolicy: 'unless-stopped',
    healthcheck: null,
    privileges: { capabilities: config.sandbox ? SANDBOX_CAPABILITIES : CAPABILITIES, unconfined: config.sandbox },
  };
}

/**
 * The definition of the seed, which copies the store of the keeper's image into the volume and ends; `imageId` is
 * without `sha256:`.
 */
export function seedDefinition(cache: DesiredCache, imageId: string): ContainerDefinition {
  const { image } = cache.config;
  const hash = createHash('sha256')
    .update(canonicalJson({ image, imageId, script: SEED_SCRIPT }))
    .digest('hex');
  return {
    image,
    entrypoint: ['/bin/sh', '-c', SEED_SCRIPT],
    command: [],
    user: '0:0',
    hostname: `seed-${cache.name}`,
    env: [],
    labels: {
      [LABEL.managed]: 'true',
      [LABEL.type]: CONTAINER_TYPE.seed,
      [LABEL.specHash]: `seed-v1:${hash.slice(0, 32)}`,
    },
    mounts: [
      {
        type: 'volume',
        source: cacheVolumeName(cache.name),
        target: `${SEED_ROOT}${CACHE_MOUNT_PATH}`,
        readOnly: false,
        noCopy: true,
        labels: sharedVolumeLabels(VOLUME_TYPE.cache),
      },
    ],
    ...HELPER_CONTAINER,
    privileges: { capabilities: SEED_CAPABILITIES, unconfined: false },
  };
}

/**
 * The spec hash of a keeper: two configurations with the same hash describe the same container. `nixpkgs`, `prewarm`
 * and `trustedImages` do not affect the container and are not part of the hash.
 */
export function keeperHash(config: CacheConfig): string {
  const { image, sandbox, network, mounts } = config;
  const made = { image, sandbox, network, mounts, nixConf: nixConf(config), script: KEEPER_SCRIPT };
  return `keeper-v1:${createHash('sha256').update(canonicalJson(made)).digest('hex').slice(0, 32)}`;
}
