import type { ContainerState } from './engine-objects.js';
import type { SpecLocation, SpecProblem } from './desired.js';
import type { GcStatus } from './gc-status.js';
import type { Failure } from './reasons.js';
import type { Condition } from './condition.js';

/** How often something happened, or how many bytes it were, by what became of the store paths asked for. */
export interface PathCount {
  readonly asked: number;
  /** In the store already. */
  readonly hit: number;
  /** From a substituter. */
  readonly fetched: number;
  readonly built: number;
}

/** How the realisation of one environment, or a warm start on one, used the cache. */
export interface CacheUse {
  readonly paths: PathCount;
  /** NAR sizes, i.e. unpacked: the one size that Nix knows of every path, fetched or not. */
  readonly bytes: PathCount;
  readonly seconds: number;
  /** `warm`: every path was there. */
  readonly temperature: 'cold' | 'warm';
}

/** What a cache's realisations came to, since the record of it began (it can be lost). */
export interface CacheTotals {
  readonly paths: Omit<PathCount, 'asked'>;
  readonly bytesFetched: number;
  /** Bytes of paths that a workspace got without a download or a build. */
  readonly bytesSaved: number;
}

export type CacheVerdict =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progressing'; readonly message: string }
  | { readonly kind: 'failing'; readonly failure: Failure }
  /** Neither a spec nor a workspace names it any more. */
  | { readonly kind: 'removed' };

/** The result of one reconciliation of a cache. */
export interface CacheOutcome {
  /** How many operations ran. */
  readonly operations: number;
  readonly failure: Failure | null;
  /**
   * Reconcile it again after this time at the earliest, ms; null: at the next trigger, or when the retry of a failure
   * is due.
   */
  readonly recheckMs: number | null;
}

/** What one reconciliation saw of a cache, for the status store. */
export interface CacheReport {
  readonly name: string;
  readonly verdict: CacheVerdict;
  /** Null location: no file, the defaults. */
  readonly spec: { readonly location: SpecLocation | null; readonly problem: SpecProblem | null };
  readonly volume: string;
  readonly keeper: {
    readonly id: string;
    readonly image: string;
    readonly state: ContainerState;
    /** Null until it has answered. */
    readonly nixVersion: string | null;
  } | null;
  /** Null until the keeper has reported it. */
  readonly storeBytes: number | null;
  readonly storePaths: number | null;
  /** Distinct environments that a profile holds. */
  readonly environments: number;
  /** Workspaces whose spec names the cache, sorted. */
  readonly workspaces: readonly string[];
  /** Messages about what is being realised now, for a person; none when nothing is. */
  readonly underWay: readonly string[];
  readonly totals: CacheTotals;
  /** Null: the cache has no spec any more. */
  readonly gc: GcStatus | null;
}

export type CacheConditionType = 'SpecValid' | 'KeeperReady' | 'Ready';

/** `Degraded`: it was ready, or its keeper serves all the same. `Stalled`: until its spec changes. */
export const CACHE_PHASES = ['Pending', 'Waiting', 'Ready', 'Degraded', 'Stalled'] as const;
export type CachePhase = (typeof CACHE_PHASES)[number];

export interface CacheStatus extends Omit<CacheReport, 'verdict' | 'spec'> {
  readonly phase: CachePhase;
  readonly location: SpecLocation | null;
  readonly conditions: readonly Condition<CacheConditionType>[];
  /** Paths that were there, of all that were asked for; null before the first. Between 0 and 1. */
  readonly hitRate: number | null;
}

/** What a workspace's conditions `CacheReady` and `PackagesReady` and its description speak of. */
export interface WorkspaceCacheReport {
  readonly cache: string;
  /** Null: the cache can be used. */
  readonly unavailable: Failure | null;
  /** The packages of the spec. */
  readonly packages: readonly string[];
  /** `ready`: the profile holds what the spec asks for. `old`: it still holds what an earlier one asked for. */
  readonly profile: 'ready' | 'old' | 'none' | 'unknown';
  /** What is being done for it now, such as `fetching hello-2.12 (1.2 of 30.1 MiB, 3 of 10 paths)`. */
  readonly progress: string | null;
  /** Why the packages are not there. */
  readonly failure: Failure | null;
  readonly lastUse: CacheUse | null;
}
