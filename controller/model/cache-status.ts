import type { ContainerState } from './engine-objects.js';
import type { SpecLocation, SpecProblem } from './desired.js';
import type { GcStatus } from './gc-status.js';
import type { VerifyStatus } from './verify-status.js';
import type { Failure } from './reasons.js';
import type { Condition } from './condition.js';

/** The number, or the bytes, of requested store paths by how they were obtained. */
export interface PathCount {
  readonly asked: number;
  /** Paths that were in the store already. */
  readonly hit: number;
  /** Paths from a substituter. */
  readonly fetched: number;
  readonly built: number;
}

/** How the realisation of one environment, or a warm start with one, used the cache. */
export interface CacheUse {
  readonly paths: PathCount;
  /** Unpacked sizes (NAR), because this is the only size that Nix knows of every path, fetched or not. */
  readonly bytes: PathCount;
  readonly seconds: number;
  /** `warm`: every path was in the store already. */
  readonly temperature: 'cold' | 'warm';
}

/** The sums over a cache's realisations since the record of them began (it can be lost). */
export interface CacheTotals {
  readonly paths: Omit<PathCount, 'asked'>;
  readonly bytesFetched: number;
  /** The bytes of paths that a workspace got without a download or a build. */
  readonly bytesSaved: number;
}

export type CacheVerdict =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progressing'; readonly message: string }
  | { readonly kind: 'failing'; readonly failure: Failure }
  /** Neither a spec nor a workspace names the cache any more. */
  | { readonly kind: 'removed' };

/** The result of one reconciliation of a cache. */
export interface CacheOutcome {
  /** How many operations ran. */
  readonly operations: number;
  readonly failure: Failure | null;
  /**
   * Reconcile the cache again after this time at the earliest, in ms; null: at the next trigger, or when the retry of a
   * failure is due.
   */
  readonly recheckMs: number | null;
}

/** The state of a cache at one reconciliation, for the status store. */
export interface CacheReport {
  readonly name: string;
  readonly verdict: CacheVerdict;
  /** `location` is null when there is no file and the defaults apply. */
  readonly spec: { readonly location: SpecLocation | null; readonly problem: SpecProblem | null };
  readonly volume: string;
  /** The release that the address of its nixpkgs names, such as `26.05`; null when it names none, or without a spec. */
  readonly nixpkgsRelease: string | null;
  /** Whether builds run in Nix's sandbox; null without a spec. */
  readonly sandbox: boolean | null;
  readonly keeper: {
    readonly id: string;
    readonly image: string;
    readonly state: ContainerState;
    /** Null until the keeper has answered. */
    readonly nixVersion: string | null;
  } | null;
  /** Null until the keeper has reported it. */
  readonly storeBytes: number | null;
  readonly storePaths: number | null;
  /** The number of distinct environments in all profiles. */
  readonly environments: number;
  /** The workspaces whose spec names the cache, sorted. */
  readonly workspaces: readonly string[];
  /** Messages about the realisations under way, for a person. */
  readonly underWay: readonly string[];
  readonly totals: CacheTotals;
  /** Null when the cache has no spec any more. */
  readonly gc: GcStatus | null;
  /** Null when the cache has no spec any more. */
  readonly verify: VerifyStatus | null;
}

/**
 * `KeeperSecure` tells of known holes in the keeper's Nix, `NixpkgsSupported` of a release of nixpkgs past its end,
 * `BuildsSandboxed` of builds that see each other, `StoreIntact` of store paths that are not as they were registered.
 * None of them affects `Ready`.
 */
export type CacheConditionType =
  'SpecValid' | 'KeeperReady' | 'KeeperSecure' | 'NixpkgsSupported' | 'BuildsSandboxed' | 'StoreIntact' | 'Ready';

/**
 * `Degraded`: the cache was ready before, or its keeper can be used nevertheless. `Stalled`: it waits for a change of
 * its spec.
 */
export const CACHE_PHASES = ['Pending', 'Waiting', 'Ready', 'Degraded', 'Stalled'] as const;
export type CachePhase = (typeof CACHE_PHASES)[number];

export interface CacheStatus extends Omit<CacheReport, 'verdict' | 'spec'> {
  readonly phase: CachePhase;
  readonly location: SpecLocation | null;
  readonly conditions: readonly Condition<CacheConditionType>[];
  /** The share of requested paths that were in the store already, between 0 and 1; null before the first request. */
  readonly hitRate: number | null;
  /** The ids of the known holes of the keeper's Nix, newest first; null while its version is not known. */
  readonly knownHoles: readonly string[] | null;
}

/** What a workspace's description and its conditions `CacheReady` and `PackagesReady` are made from. */
export interface WorkspaceCacheReport {
  readonly cache: string;
  /** Why the cache cannot be used, or null when it can. */
  readonly unavailable: Failure | null;
  /** The packages in the spec. */
  readonly packages: readonly string[];
  /** `ready`: the profile contains what the spec requests. `old`: it still contains what an earlier spec requested. */
  readonly profile: 'ready' | 'old' | 'none' | 'unknown';
  /** The work under way for the workspace, such as `fetching hello-2.12 (1.2 of 30.1 MiB, 3 of 10 paths)`, or null. */
  readonly progress: string | null;
  /** Why the packages are not in place, or null. */
  readonly failure: Failure | null;
  readonly lastUse: CacheUse | null;
}
