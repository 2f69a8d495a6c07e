import { createHash } from 'node:crypto';
import { canonicalJson } from '../../model/canonical.js';
import type { CacheConfig, DesiredCache } from '../../model/desired.js';
import type { ContainerDefinition, ContainerMount, TmpfsMount } from '../../model/engine-objects.js';
import { CACHE_MOUNT_PATH, CONTAINER_TYPE, LABEL, VOLUME_TYPE, cacheVolumeName } from '../../model/names.js';
import { sharedVolumeLabels } from '../../model/shared-volume.js';
import { HELPER_CONTAINER } from './helper-container.js';
import { COMMAND_UID, KEEPER_SCRIPT, SEED_ROOT, SEED_SCRIPT } from './scripts.js';
import { nixConf } from './nix-conf.js';

/** The capabilities that a daemon with build users needs, and no more (F11). */
const CAPABILITIES: readonly string[] = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETUID', 'SETGID', 'KILL'];
const SEED_CAPABILITIES: readonly string[] = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'];
/** The directory of our commands' temporary files, in which builds cannot make any. */
const COMMANDS_TMP = '/run/kalpana/tmp';
/**
 * Builds have their directories elsewhere, on the disk, because they may need more than the memory holds. Only a build
 * without a sandbox gets at `/tmp`.
 */
const TMPFS: readonly TmpfsMount[] = [
  { target: '/tmp', sizeBytes: 256 * 2 ** 20, mode: '1777' },
  { target: COMMANDS_TMP, sizeBytes: 512 * 2 ** 20, mode: '1770', gid: COMMAND_UID },
];
/**
 * A large build may have most of the host, and a quarter is left for everything else. Without a bound, builds that need
 * too much would end processes of the host and of workspaces.
 */
const MEMORY_SHARE = 0.75;

/**
 * The definition of a keeper's container, from the spec of its cache or the defaults. `owner` is the controller's
 * instance.
 */
export function keeperDefinition(cache: DesiredCache, owner: string): ContainerDefinition {
  const { config } = cache;
  const { nanoCpus, memoryBytes, pids } = config.resources;
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
    env: [
      { name: 'KALPANA_NIX_CONF', value: nixConf(config) },
      { name: 'KALPANA_PIDS', value: String(config.resources.pids) },
      { name: 'KALPANA_BUILD_SECONDS', value: seconds(config.builds.timeoutMs) },
      { name: 'KALPANA_SILENT_SECONDS', value: seconds(config.builds.maxSilentMs) },
      { name: 'TMPDIR', value: COMMANDS_TMP },
      ...NIX_ENV,
    ],
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
    limits: { nanoCpus, memoryBytes: memoryBytes ?? 0, pids },
    ...(memoryBytes === null ? { memoryShare: MEMORY_SHARE } : {}),
    tmpfs: TMPFS,
    restartPolicy: 'unless-stopped',
    healthcheck: null,
    privileges: { capabilities: CAPABILITIES, namespaces: config.sandbox },
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
    privileges: { capabilities: SEED_CAPABILITIES, namespaces: false },
  };
}

/**
 * An image may set these, and Nix heeds them beside or in place of the keeper's nix.conf: `build-users-group` without a
 * value, for one, lets builds run as root (F17).
 */
const NIX_ENV = Object.entries({
  NIX_CONFIG: '',
  NIX_CONF_DIR: '/etc/nix',
  NIX_LOCALSTATE_DIR: '/nix/var',
  NIX_LOG_DIR: '/nix/var/log/nix',
  NIX_STATE_DIR: '/nix/var/nix',
  NIX_STORE_DIR: '/nix/store',
  NIX_USER_CONF_FILES: '',
}).map(([name, value]) => ({ name, value }));

/** A configuration never changes, and each look at the engine asks for its hash. */
const hashes = new WeakMap<CacheConfig, string>();

/**
 * The spec hash of a keeper: two configurations with the same hash describe the same container. `nixpkgs`, `prewarm`
 * and `trustedImages` do not affect the container and are not part of the hash.
 */
export function keeperHash(config: CacheConfig): string {
  const known = hashes.get(config);
  if (known !== undefined) return known;
  const { image, sandbox, network, mounts, resources } = config;
  const bounds = { resources, share: MEMORY_SHARE, tmpfs: TMPFS, env: NIX_ENV };
  // Only where it is on, so that a change of what it takes replaces no other keeper.
  const sandboxed = sandbox ? { privileges: 'namespaces' } : {};
  const made = {
    image,
    sandbox,
    network,
    mounts,
    ...bounds,
    ...sandboxed,
    nixConf: nixConf(config),
    script: KEEPER_SCRIPT,
  };
  const hash = `keeper-v2:${createHash('sha256').update(canonicalJson(made)).digest('hex').slice(0, 32)}`;
  hashes.set(config, hash);
  return hash;
}

function seconds(ms: number): string {
  return String(Math.ceil(ms / 1_000));
}
