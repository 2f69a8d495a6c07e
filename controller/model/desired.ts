import type { GcConfig } from './gc-status.js';
import type { HealthcheckDefinition, Limits, RestartPolicy } from './engine-objects.js';
import type { Secret } from './secret.js';

/** Where a spec stands, for messages: `file:line:column: …`. Lines and columns count from 1. */
export interface SpecLocation {
  /** The source's id, e.g. `dir:/srv/specs`. */
  readonly source: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface SpecProblem {
  readonly location: SpecLocation;
  /** The workspace it concerns, where that can be known; null for a cache's. */
  readonly workspace: string | null;
  /** One line: what is wrong and what to do about it. */
  readonly message: string;
}

export type CreationEnv = { readonly name: string; readonly value: string } | SecretEnv;

/** A variable whose value is in a file of the secrets directory, or encrypted in one beside the spec. */
export type SecretEnv = ({ readonly secretFile: string } | { readonly ageFile: string }) & {
  readonly name: string;
  /** Slow keyed hash of the secret's value: shows that it changed, not what it is. */
  readonly digest: string;
};

export interface CreationPort {
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp';
  readonly hostIP: string;
  /** Null: the controller chooses one and keeps it. */
  readonly hostPort: number | null;
}

/** A mount of a bind or a shared volume; the data volume and the cache follow from their own fields. */
export interface CreationMount {
  readonly type: 'bind' | 'shared-volume';
  /** A path on the engine's host, or the shared volume's name in the spec. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/**
 * The part of a workspace that a container takes at creation: any change in it needs a new container.
 * Every field is always present, sorted where order means nothing, so that equal specs give equal hashes.
 */
export interface CreationSpec {
  readonly image: string;
  readonly command: readonly string[] | null;
  readonly env: readonly CreationEnv[];
  readonly ports: readonly CreationPort[];
  readonly shmBytes: number;
  readonly storageMountPath: string;
  /** The cache's name, or null when it is switched off. */
  readonly cache: string | null;
  readonly mounts: readonly CreationMount[];
  readonly healthcheck: HealthcheckDefinition | null;
  /** How packages get onto PATH: through the workspace's profile in the cache. Null without a cache. */
  readonly packagesFrom: 'profile' | null;
}

/** The part that the engine changes on a running container. */
export interface InPlaceSpec {
  readonly limits: Limits;
  readonly restartPolicy: RestartPolicy;
}

/** One workspace as its spec wants it: defaults filled in, units parsed, secrets read. */
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
   * Attributes of the cache's nixpkgs, flake references and store paths; distinct, sorted. A change needs no new
   * container (F10).
   */
  readonly packages: readonly string[];
  /** `<version>:<hash>` of `creation`; the value of the label `kalpana.spec-hash`. */
  readonly specHash: string;
  /** Values of the secret environment variables, by variable name. */
  readonly secrets: ReadonlyMap<string, Secret>;
  /**
   * Set when the newest version of the spec is broken and this is the last good one (law 3), or when a secret can't be
   * read.
   */
  readonly problem: SpecProblem | null;
  /** False: a secret file is missing or unreadable; nothing may be created from this spec until it is back. */
  readonly secretsReadable: boolean;
}

/** What a cache's keeper is made from; defaults filled in. */
export interface CacheConfig {
  readonly image: string;
  /** A tarball's address, or an absolute path in the keeper: a directory of one of `mounts`, a channel. */
  readonly nixpkgs: string;
  /** In the order of the spec: Nix asks them in turn. */
  readonly substituters: readonly string[];
  readonly trustedPublicKeys: readonly string[];
  readonly requireSignatures: boolean;
  readonly sandbox: boolean;
  /**
   * Ids of images (`sha256:…`), and patterns of references with `*` for anything: only these images may bring store
   * paths of their own (F14).
   */
  readonly trustedImages: readonly string[];
  /** `bridge`, `none`, or the name of a network on the engine. */
  readonly network: string;
  readonly mounts: readonly CreationMount[];
  /** Packages, as those of a workspace. */
  readonly prewarm: readonly string[];
  readonly gc: GcConfig;
}

/** One cache as its spec wants it, or as the defaults do. */
export interface DesiredCache {
  readonly name: string;
  /** Null: no file names it, a workspace does, and the defaults hold. */
  readonly location: SpecLocation | null;
  readonly config: CacheConfig;
  /** Set when the newest version of the spec is broken and this is the last good one (law 3). */
  readonly problem: SpecProblem | null;
}

/** What the sources say, all together, at one moment. */
export interface DesiredSnapshot {
  /** Law 2: false until every source was read once and whole; no deletion follows from an incomplete snapshot. */
  readonly complete: boolean;
  readonly workspaces: ReadonlyMap<string, DesiredWorkspace>;
  /**
   * Those with a spec; and `default`, when a workspace names it and no spec, not even a broken one, claims that name.
   */
  readonly caches: ReadonlyMap<string, DesiredCache>;
  /** Names that a broken or duplicate spec still claims although it never had a good version: not deletions. */
  readonly claimed: ReadonlySet<string>;
  /** Names in `workspaces` that this scan did not find and that are not provably gone yet. */
  readonly absent: ReadonlySet<string>;
  /** Workspaces whose spec is provably gone, with the reclaim policy of their last good spec. */
  readonly removed: ReadonlyMap<string, { readonly reclaimPolicy: 'Retain' | 'Delete' }>;
  readonly problems: readonly SpecProblem[];
  /** The revision that this snapshot holds of each source that has revisions, by the source's id. */
  readonly revisions: ReadonlyMap<string, string>;
}
