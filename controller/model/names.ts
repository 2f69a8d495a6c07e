/**
 * The names and labels of everything that the controller owns on an engine. They are a contract, because volumes
 * outlive releases.
 */

export const WORKSPACE_NETWORK = 'kalpana-workspaces';
/** The network of keepers whose spec names no other; nothing else is on it. */
export const KEEPER_NETWORK = 'kalpana-keepers';
export const DEFAULT_CACHE = 'default';
/** Where a cache is mounted; the store and its database are mounted together (F1). */
export const CACHE_MOUNT_PATH = '/nix';

/**
 * What no workspace needs of a cache's volume: locks, which whoever can open a file can hold (F21), roots, names of
 * other workspaces' links, and what builds and their logs tell.
 */
export const CACHE_PRIVATE_PATHS: readonly string[] = [
  '/nix/var/kalpana',
  '/nix/var/log',
  '/nix/var/nix/builds',
  '/nix/var/nix/current-load',
  '/nix/var/nix/db',
  '/nix/var/nix/gc-socket',
  '/nix/var/nix/gc.lock',
  '/nix/var/nix/gcroots',
  '/nix/var/nix/temproots',
  '/nix/var/nix/userpool',
  '/nix/var/nix/userpool2',
];

export const LABEL = {
  managed: 'kalpana.managed',
  workspace: 'kalpana.workspace.id',
  controller: 'kalpana.controller',
  specHash: 'kalpana.spec-hash',
  spec: 'kalpana.spec',
  replaces: 'kalpana.replaces',
  ports: 'kalpana.ports',
  shared: 'kalpana.shared',
  type: 'kalpana.type',
  reclaimPolicy: 'kalpana.reclaim-policy',
  /** The instance whose NixCache file a keeper was made from; absent when it was made from the defaults. */
  cacheOwner: 'kalpana.cache-owner',
} as const;

export const VOLUME_TYPE = {
  data: 'workspace-data',
  cache: 'nix-cache',
  shared: 'shared-volume',
} as const;

/** The values of `kalpana.type` on our own helper containers. */
export const CONTAINER_TYPE = {
  keeper: 'nix-keeper',
  probe: 'nix-probe',
  seed: 'nix-seed',
  scanner: 'nix-scanner',
} as const;

/** The directory in which a keeper has one profile for each workspace. */
export const PROFILES_PATH = '/nix/var/nix/profiles/kalpana';
export const DAEMON_SOCKET_PATH = '/nix/var/nix/daemon-socket/socket';

/** The name of a workspace's main container. */
export function containerName(workspace: string): string {
  return `workspace-${workspace}`;
}

/**
 * The name of the container that replaces a workspace's main one. The name of a workspace contains no dot, so the names
 * never collide.
 */
export function nextContainerName(workspace: string): string {
  return `workspace-${workspace}.next`;
}

/** The workspace whose main, next or seed container would have this name; undefined for any other name. */
export function workspaceOfContainerName(name: string): string | undefined {
  return /^workspace-([a-z0-9-]+)(\.next|\.seed)?$/.exec(name)?.[1];
}

/** The name of a workspace's data volume. */
export function dataVolumeName(workspace: string): string {
  return `kalpana-workspace-${workspace}`;
}

/** The workspace whose data volume would have this name; undefined for any other name. */
export function workspaceOfVolumeName(volume: string): string | undefined {
  return /^kalpana-workspace-([a-z0-9-]+)$/.exec(volume)?.[1];
}

/** The name of a cache's volume. */
export function cacheVolumeName(cache: string): string {
  return cache === DEFAULT_CACHE ? 'kalpana-nix-store' : `kalpana-nix-store-${cache}`;
}

/** The name of the container that runs a cache's Nix daemon. */
export function keeperName(cache: string): string {
  return `kalpana-nix-keeper-${cache}`;
}

/**
 * The name of the container that replaces a keeper. The name of a cache contains no dot, so the names never collide.
 */
export function nextKeeperName(cache: string): string {
  return `${keeperName(cache)}.next`;
}

/** The name of the container that copies the store of the keeper's image into the volume before the keeper starts. */
export function keeperSeedName(cache: string): string {
  return `${keeperName(cache)}.seed`;
}

/** The name of the container that inspects the processes that use a cache, during a collection. */
export function scannerName(cache: string): string {
  return `kalpana-nix-scanner-${cache}`;
}

/** The name of the container through which a collection reads the files of a workspace that has no container. */
export function volumeProbeName(workspace: string): string {
  return `kalpana-nix-volume-probe-${workspace}`;
}

/** Whether a container of this name is one of the two above. */
export function isScannerName(name: string): boolean {
  return /^kalpana-nix-(scanner|volume-probe)-/.test(name);
}

/** The cache whose volume would have this name; undefined for any other name. */
export function cacheOfVolumeName(volume: string): string | undefined {
  const match = /^kalpana-nix-store(?:-([a-z0-9-]+))?$/.exec(volume);
  return match === null ? undefined : (match[1] ?? DEFAULT_CACHE);
}

/** The cache whose keeper, next keeper or seed would have this name; undefined for any other name. */
export function cacheOfKeeperName(name: string): string | undefined {
  return /^kalpana-nix-keeper-([a-z0-9-]+)(\.next|\.seed)?$/.exec(name)?.[1];
}

/** The path of a workspace's profile, which is the same in the keeper and in its containers. */
export function profilePath(workspace: string): string {
  return `${PROFILES_PATH}/${workspace}`;
}

/** The name of the volume for a shared volume with this name in a spec. */
export function sharedVolumeName(name: string): string {
  return `kalpana-${name}`;
}

/** Whether a shared volume of this name would collide with a workspace's data volume, a cache or the network. */
export function isReservedSharedVolume(name: string): boolean {
  return /^(workspace-|nix-|workspaces$)/.test(name);
}
