/** Names and labels of everything the controller owns on an engine. They are a contract: volumes outlive releases. */

export const WORKSPACE_NETWORK = 'kalpana-workspaces';
export const DEFAULT_CACHE = 'default';
/** Where a cache is mounted: store and database travel together (F1). */
export const CACHE_MOUNT_PATH = '/nix';

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
} as const;

export const VOLUME_TYPE = {
  data: 'workspace-data',
  cache: 'nix-cache',
  shared: 'shared-volume',
} as const;

export function containerName(workspace: string): string {
  return `workspace-${workspace}`;
}

/** The container that takes over in a recreation. A workspace's name holds no dot, so the two never meet. */
export function nextContainerName(workspace: string): string {
  return `workspace-${workspace}.next`;
}

/** The workspace whose container, or next container, would have this name. */
export function workspaceOfContainerName(name: string): string | undefined {
  return /^workspace-([a-z0-9-]+)(\.next)?$/.exec(name)?.[1];
}

export function dataVolumeName(workspace: string): string {
  return `kalpana-workspace-${workspace}`;
}

export function cacheVolumeName(cache: string): string {
  return cache === DEFAULT_CACHE ? 'kalpana-nix-store' : `kalpana-nix-store-${cache}`;
}

export function sharedVolumeName(name: string): string {
  return `kalpana-${name}`;
}

/** Names of shared volumes that would meet a workspace's data volume, a cache or the network. */
export function isReservedSharedVolume(name: string): boolean {
  return /^(workspace-|nix-|workspaces$)/.test(name);
}
