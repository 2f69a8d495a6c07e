import { profilePath } from '../model/names.js';
import type { EnvVariable } from '../model/engine-objects.js';
import type { Failure } from '../model/reasons.js';
import { Secret } from '../model/secret.js';
import type { CacheObservation, Operation, WorkspaceInput } from './types.js';

/** The search path that the engine itself uses when an image sets none. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/**
 * How long a plan waits for the link to an environment. Linking takes some 50 ms, during which the container is
 * created.
 */
const LINK_WAIT_MS = 5_000;
const RECHECK_MS = 30_000;

/**
 * The directory of people's own profiles in the data volume, because `nix-env -i` and `nix profile install` cannot
 * write /nix.
 */
export function profilesDirectory(storageMountPath: string): string {
  return `${storageMountPath}/.local/state/nix/profiles`;
}

/**
 * Builds the environment variables that make `nix` and the declared packages work in a container, where /nix is
 * read-only and Nix's daemon does the work (F7). `own` are the variables of the spec, `imagePath` is the PATH of the
 * image.
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
  // The profiles of users come last, so that a program that one user installs does not take the place of one that root
  // or another user runs.
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

/** The steps that a workspace's packages need, and what prevents them. */
export interface EnvironmentPlan {
  /** Requests that run before anything that can take long; empty when the profile is as wanted. */
  readonly ask: readonly Operation[];
  /** Operations that run right before a start, because no container starts before its packages are in place. */
  readonly barrier: readonly Operation[];
  /** Why the packages are not as wanted and nothing is done about it now. */
  readonly failure: Failure | null;
  /** Whether the profile cannot be used at all, so that no container may be created or started for the first time. */
  readonly blocks: boolean;
  readonly retryMs: number | null;
}

const NOTHING: EnvironmentPlan = { ask: [], barrier: [], failure: null, blocks: false, retryMs: null };

/** Plans the steps for the packages of a workspace from the known state of its cache. Pure. */
export function planEnvironment({ desired, observed }: WorkspaceInput): EnvironmentPlan {
  const { cache } = observed;
  const { packages, name } = desired;
  if (cache === null) return NOTHING;
  if (cache.mustStop) return { ...NOTHING, failure: cache.unavailable, blocks: true };
  // A cache that nobody defines is an error in the spec, so nothing new may start with it.
  if (cache.unavailable?.reason === 'CacheMissing') return { ...NOTHING, failure: cache.unavailable, blocks: true };
  if (cache.profile === 'ready' || (packages.length === 0 && cache.profile === 'unknown')) return NOTHING;
  // A workspace with an earlier profile keeps using it; only a workspace without any profile has to wait.
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

/** Describes the change of packages, such as `packages: + ripgrep, - vim`, when the previous packages are known. */
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
 * The import that an image needs before a container can be created from it, or the reason why the import is impossible;
 * at most one of the two.
 */
export interface ImagePlan {
  readonly operations: readonly Operation[];
  readonly failure: Failure | null;
}

/** Plans what an image's own Nix store requires before a container is created from the image (F14). Pure. */
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
