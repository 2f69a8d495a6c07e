import { profilePath } from '../model/names.js';
import type { EnvVariable } from '../model/engine-objects.js';
import type { Failure } from '../model/reasons.js';
import { Secret } from '../model/secret.js';
import type { CacheObservation, Operation, WorkspaceInput } from './types.js';

/** The search path that the engine itself uses when an image sets none. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** A link takes some 50 ms, while the container is being created. */
const LINK_WAIT_MS = 5_000;
const RECHECK_MS = 30_000;

/** Where people's own profiles live in the data volume: `nix-env -i` and `nix profile install` cannot write /nix. */
export function profilesDirectory(storageMountPath: string): string {
  return `${storageMountPath}/.local/state/nix/profiles`;
}

/**
 * What makes `nix` and the declared packages work in a container: /nix is read-only there, and the daemon does the work
 * (F7). `own` is the spec's environment, `imagePath` the PATH of the image.
 */
export function cacheEnvironment(
  workspace: string,
  storageMountPath: string,
  own: readonly EnvVariable[],
  imagePath: string | null | undefined,
): EnvVariable[] {
  const state = `${storageMountPath}/.local/state`;
  const profiles = profilesDirectory(storageMountPath);
  const given = own.find(({ name }) => name === 'PATH')?.value ?? imagePath ?? DEFAULT_PATH;
  const base = typeof given === 'string' ? given : given.reveal();
  // What one user of the container installs must not stand in for another's, or root's, programs.
  const text = [
    `${profilePath(workspace)}/bin`,
    base,
    `${profiles}/profile/bin`,
    `${profiles}/per-user/root/profile/bin`,
  ].join(':');
  const path = typeof given === 'string' ? text : new Secret(text);
  const ours: EnvVariable[] = [
    { name: 'NIX_REMOTE', value: 'daemon' },
    { name: 'NIX_DAEMON_SOCKET_PATH', value: '/nix/var/nix/daemon-socket/socket' },
    { name: 'NIX_STATE_DIR', value: `${state}/nix` },
    { name: 'XDG_STATE_HOME', value: state },
    { name: 'NIX_CONFIG', value: 'extra-experimental-features = nix-command flakes' },
  ];
  const rest = own.filter(({ name }) => name !== 'PATH');
  return [
    { name: 'PATH', value: path },
    ...ours.filter(({ name }) => !rest.some((other) => other.name === name)),
    ...rest,
  ];
}

/** What has to happen to a workspace's packages, and what prevents it. */
export interface EnvironmentPlan {
  /** To run before anything that can take long; empty when the profile is as wanted. */
  readonly ask: readonly Operation[];
  /** To run right before a start: nothing starts before its packages are there. */
  readonly barrier: readonly Operation[];
  /** Why the packages are not as wanted and nothing is done about it now. */
  readonly failure: Failure | null;
  /** The profile cannot be used at all: no container may be made or started for the first time. */
  readonly blocks: boolean;
  readonly retryMs: number | null;
}

const NOTHING: EnvironmentPlan = { ask: [], barrier: [], failure: null, blocks: false, retryMs: null };

/** What to do for the packages of a workspace, by what is known of its cache. Pure. */
export function planEnvironment({ desired, observed }: WorkspaceInput): EnvironmentPlan {
  const { cache } = observed;
  const { packages, name } = desired;
  if (cache === null) return NOTHING;
  if (cache.mustStop) return { ...NOTHING, failure: cache.unavailable, blocks: true };
  // A name that nobody defines is for its author to mend: nothing new runs on it.
  if (cache.unavailable?.reason === 'CacheMissing') return { ...NOTHING, failure: cache.unavailable, blocks: true };
  if (cache.profile === 'ready' || (packages.length === 0 && cache.profile === 'unknown')) return NOTHING;
  // What is there from before serves on: only a workspace without any profile has to wait.
  const blocks = cache.profile === 'none' || cache.profile === 'unknown';
  if (cache.migration !== 'none') return { ...NOTHING, failure: cache.unavailable };
  if (cache.failure !== null) return { ...NOTHING, failure: cache.failure, blocks, retryMs: cache.retryMs };
  if (cache.unavailable !== null) return { ...NOTHING, failure: cache.unavailable, blocks };
  const waitMs = cache.isRealised ? LINK_WAIT_MS : 0;
  const barrier: Operation = {
    type: 'await-environment',
    workspace: name,
    cache: cache.cache,
    waitMs,
    cause: 'nothing starts before its packages are there',
  };
  if (cache.progress !== null) return { ...NOTHING, barrier: [barrier], blocks, retryMs: RECHECK_MS };
  const ask: Operation = {
    type: 'realise-environment',
    workspace: name,
    cache: cache.cache,
    packages,
    cause: packagesCause(cache, packages),
  };
  return { ...NOTHING, ask: [ask], barrier: [barrier], blocks };
}

/** `packages: + ripgrep, - vim`, where it is known what was there. */
function packagesCause({ profile, profilePackages }: CacheObservation, wanted: readonly string[]): string {
  if (profile === 'none') return 'the workspace has no profile in the cache yet';
  if (profilePackages === null) return 'packages: changed';
  const added = wanted.filter((name) => !profilePackages.includes(name)).map((name) => `+ ${name}`);
  const removed = profilePackages.filter((name) => !wanted.includes(name)).map((name) => `- ${name}`);
  return added.length + removed.length === 0
    ? 'packages: the nixpkgs of the cache changed'
    : `packages: ${[...added, ...removed].join(', ')}`;
}

/**
 * The import that an image needs before a container of it is made, and why it cannot be had; at most one of the two.
 */
export interface ImagePlan {
  readonly operations: readonly Operation[];
  readonly failure: Failure | null;
}

/** What an image's own Nix store asks for before a container of it is made (F14). Pure. */
export function planImage({ desired, observed }: WorkspaceInput): ImagePlan {
  const { cache } = observed;
  if (
    cache === null ||
    cache.imageId === null ||
    cache.image === 'plain' ||
    cache.image === 'imported' ||
    cache.image === 'unknown'
  )
    return { operations: [], failure: null };
  const { image } = desired.creation;
  if (cache.image === 'refused') {
    return {
      operations: [],
      failure: {
        reason: 'ImageNotTrusted',
        message: `the image ${image} brings a Nix store of its own, which the cache at /nix would hide`,
      },
    };
  }
  if (cache.importFailure !== null) return { operations: [], failure: cache.importFailure };
  if (cache.unavailable !== null) return { operations: [], failure: cache.unavailable };
  return {
    operations: [
      {
        type: 'import-image',
        cache: cache.cache,
        image,
        imageId: cache.imageId,
        cause: 'the image brings a Nix store of its own',
      },
    ],
    failure: null,
  };
}
