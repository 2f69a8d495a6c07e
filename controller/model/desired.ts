import type { GcConfig } from './gc-status.js';
import type { VerifyConfig } from './verify-status.js';
import type { HealthcheckDefinition, Limits, RestartPolicy } from './engine-objects.js';
import type { Secret } from './secret.js';

/** The place of a spec, for messages: `file:line:column: …`. Lines and columns count from 1. */
export interface SpecLocation {
  /** The id of the source, e.g. `dir:/srv/specs`. */
  readonly source: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface SpecProblem {
  readonly location: SpecLocation;
  /** The affected workspace, if it is known; null for a problem of a cache. */
  readonly workspace: string | null;
  /** One line: what is wrong and what to do about it. */
  readonly message: string;
}

export type CreationEnv = { readonly name: string; readonly value: string } | SecretEnv;

/** A variable whose value is in a file of the secrets directory, or in an encrypted file beside the spec. */
export type SecretEnv = ({ readonly secretFile: string } | { readonly ageFile: string }) & {
  readonly name: string;
  /** A slow keyed hash of the secret's value: it shows that the value changed, not what it is. */
  readonly digest: string;
};

export interface CreationPort {
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp';
  readonly hostIP: string;
  /** Null when the controller chooses a port and keeps it. */
  readonly hostPort: number | null;
}

/** A mount of a bind or a shared volume; the mounts of the data volume and the cache follow from their own fields. */
export interface CreationMount {
  readonly type: 'bind' | 'shared-volume';
  /** A path on the engine's host, or the name of the shared volume in the spec. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/**
 * The part of a workspace that is fixed when its container is created: any change in it needs a new container. Every
 * field is always present, and sorted if order has no meaning, so that equal specs give equal hashes.
 */
export interface CreationSpec {
  readonly image: string;
  readonly command: readonly string[] | null;
  readonly env: readonly CreationEnv[];
  readonly ports: readonly CreationPort[];
  readonly shmBytes: number;
  readonly storageMountPath: string;
  /** The name of the cache, or null when the workspace uses none. */
  readonly cache: string | null;
  readonly mounts: readonly CreationMount[];
  readonly healthcheck: HealthcheckDefinition | null;
  /** How packages get onto PATH: through the workspace's profile in the cache. Null without a cache. */
  readonly packagesFrom: 'profile' | null;
}

/** The part that the engine can change on a running container. */
export interface InPlaceSpec {
  readonly limits: Limits;
  readonly restartPolicy: RestartPolicy;
}

/** One workspace as its spec describes it: defaults are filled in, units parsed, secrets read. */
export interface DesiredWorkspace {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly location: SpecLocation;
  readonly state: 'Running' | 'Stopped';
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  readonly reclaimPolicy: 'Retain' | 'Delete';
  readonly creation: CreationSpec;
  readonly inPlace: InPlaceSpec;
  /**
   * Attributes of the cache's nixpkgs, flake references and store paths; distinct and sorted. A change needs no new
   * container (F10).
   */
  readonly packages: readonly string[];
  /** `<version>:<hash>` of `creation`; the value of the label `kalpana.spec-hash`. */
  readonly specHash: string;
  /** The values of the secret environment variables, by variable name. */
  readonly secrets: ReadonlyMap<string, Secret>;
  /**
   * Set when the newest version of the spec is broken and this is the last good one (law 3), or when a secret cannot be
   * read.
   */
  readonly problem: SpecProblem | null;
  /**
   * False when a secret file is missing or unreadable; nothing may be created from this spec until it is readable
   * again.
   */
  readonly secretsReadable: boolean;
}

/** The configuration of a cache, from which its keeper is made; defaults are filled in. */
export interface CacheConfig {
  readonly image: string;
  /** The address of a tarball, or an absolute path in the keeper: a directory of one of `mounts`, or a channel. */
  readonly nixpkgs: string;
  /** In the order of the spec, because Nix asks them one after the other. */
  readonly substituters: readonly string[];
  readonly trustedPublicKeys: readonly string[];
  readonly requireSignatures: boolean;
  readonly sandbox: boolean;
  /**
   * Ids of images (`sha256:…`), and patterns of references in which `*` matches any text. Only these images may bring
   * store paths of their own (F14).
   */
  readonly trustedImages: readonly string[];
  /** `kalpana-keepers`, which the controller makes; `bridge`, `none`, or the name of a network on the engine. */
  readonly network: string;
  readonly mounts: readonly CreationMount[];
  /** Packages, in the same form as those of a workspace. */
  readonly prewarm: readonly string[];
  readonly builds: BuildBounds;
  readonly resources: KeeperResources;
  readonly gc: GcConfig;
  readonly verify: VerifyConfig;
}

/** When a build is ended. The keeper enforces both itself, because every client of Nix's daemon may lift Nix's own. */
export interface BuildBounds {
  readonly timeoutMs: number;
  readonly maxSilentMs: number;
}

export interface KeeperResources {
  /** In billionths of a core; 0 means no limit. */
  readonly nanoCpus: number;
  /** Null for a share of the host's memory. */
  readonly memoryBytes: number | null;
  readonly pids: number;
}

/** One cache as its spec, or the defaults, describe it. */
export interface DesiredCache {
  readonly name: string;
  /** Null when only a workspace names the cache and no file, so that the defaults apply. */
  readonly location: SpecLocation | null;
  readonly config: CacheConfig;
  /** Set when the newest version of the spec is broken and this is the last good one (law 3). */
  readonly problem: SpecProblem | null;
}

/** The combined content of all sources at one moment. */
export interface DesiredSnapshot {
  /** False until every source was read once and completely; no removal follows from an incomplete snapshot (law 2). */
  readonly complete: boolean;
  readonly workspaces: ReadonlyMap<string, DesiredWorkspace>;
  /**
   * The caches with a spec, and `default` when a workspace names it and no spec, not even a broken one, claims that
   * name.
   */
  readonly caches: ReadonlyMap<string, DesiredCache>;
  /** Names that a broken or duplicate spec claims although it never had a good version; these are not removals. */
  readonly claimed: ReadonlySet<string>;
  /** Names in `workspaces` that this scan did not find and that are not provably gone yet. */
  readonly absent: ReadonlySet<string>;
  /** The workspaces whose spec is provably gone, with the reclaim policy of their last good spec. */
  readonly removed: ReadonlyMap<string, { readonly reclaimPolicy: 'Retain' | 'Delete' }>;
  readonly problems: readonly SpecProblem[];
  /** The revision in this snapshot of each source that has revisions, by the source's id. */
  readonly revisions: ReadonlyMap<string, string>;
}
