import type {
  ContainerDefinition,
  Limits,
  ObservedContainer,
  ObservedNetwork,
  ObservedVolume,
  PublishedPort,
  RestartPolicy,
} from '../model/engine-objects.js';
import type { DesiredWorkspace } from '../model/desired.js';
import type { Failure } from '../model/reasons.js';
import type { Verdict } from '../model/status.js';

/** What differs although the spec did not change: the label of `drift_detected_total`. */
export const DRIFT_FIELDS = [
  'container',
  'state',
  'name',
  'limits',
  'restartPolicy',
  'network',
  'mounts',
  'ports',
  'volume',
  'leftover',
] as const;
export type DriftField = (typeof DRIFT_FIELDS)[number];

/** A container by name, and by id where it was observed: an id never means another container than the one seen. */
export interface ContainerTarget {
  readonly name: string;
  readonly id: string | null;
}

interface Step {
  /** Why, for a person: `image: debian:12 -> debian:13`. */
  readonly cause: string;
  /** Set when the engine's side moved, not the spec. */
  readonly drift?: DriftField;
}

/**
 * One operation is one engine call. `await-ready` is none: the plan ends there, and is made again when the container is
 * ready.
 */
export type Operation = Step &
  (
    | { readonly type: 'create-network'; readonly network: string; readonly labels: Readonly<Record<string, string>> }
    | { readonly type: 'create-volume'; readonly volume: string; readonly labels: Readonly<Record<string, string>> }
    | { readonly type: 'remove-volume'; readonly volume: string }
    | { readonly type: 'pull-image'; readonly image: string }
    | { readonly type: 'create-container'; readonly container: string; readonly definition: ContainerDefinition }
    | {
        readonly type: 'start-container';
        readonly container: ContainerTarget;
        /** It has not run yet: when the engine refuses to start it, the container itself is at fault. */
        readonly first?: true;
      }
    | { readonly type: 'stop-container'; readonly container: ContainerTarget; readonly graceSeconds: number }
    | { readonly type: 'unpause-container'; readonly container: ContainerTarget }
    | { readonly type: 'rename-container'; readonly container: ContainerTarget; readonly to: string }
    | {
        readonly type: 'update-container';
        readonly container: ContainerTarget;
        readonly limits: Limits;
        readonly restartPolicy: RestartPolicy;
      }
    | { readonly type: 'remove-container'; readonly container: ContainerTarget; readonly force: boolean }
    | { readonly type: 'connect-network'; readonly network: string; readonly container: ContainerTarget }
    | { readonly type: 'disconnect-network'; readonly network: string; readonly container: ContainerTarget }
    | { readonly type: 'await-ready'; readonly container: ContainerTarget }
    | {
        /** Asks for a workspace's profile to hold its packages; single flight per environment (F9). */
        readonly type: 'realise-environment';
        readonly workspace: string;
        readonly cache: string;
        readonly packages: readonly string[];
      }
    /**
     * As `await-ready`, until the profile is in place; waits `waitMs` for it, because realised packages are linked in a
     * moment.
     */
    | {
        readonly type: 'await-environment';
        readonly workspace: string;
        readonly cache: string;
        readonly waitMs: number;
      }
    /** Takes the image's own store paths into the cache (F14). */
    | { readonly type: 'import-image'; readonly cache: string; readonly image: string; readonly imageId: string }
    /** Directories for the profiles that people make for themselves. */
    | { readonly type: 'prepare-profiles'; readonly container: ContainerTarget; readonly mountPath: string }
  );

export type OperationType = Operation['type'];

export const OPERATION_TYPES = [
  'create-network',
  'create-volume',
  'remove-volume',
  'pull-image',
  'create-container',
  'start-container',
  'stop-container',
  'unpause-container',
  'rename-container',
  'update-container',
  'remove-container',
  'connect-network',
  'disconnect-network',
  'await-ready',
  'realise-environment',
  'await-environment',
  'import-image',
  'prepare-profiles',
] as const satisfies readonly OperationType[];

/** All that the engine shows of one workspace at one moment. */
export interface WorkspaceObservation {
  /** Containers that carry this workspace's id or hold one of its two names, ours or not. */
  readonly containers: readonly ObservedContainer[];
  readonly volumes: ReadonlyMap<string, ObservedVolume>;
  readonly networks: ReadonlyMap<string, ObservedNetwork>;
  /** False: known to be absent. Null: not inspected; the create finds out. */
  readonly imagePresent: boolean | null;
  /** The directory behind the data volume is known to be gone. */
  readonly storageDamaged: boolean;
  /** Host ports that others hold or are about to. */
  readonly takenPorts: readonly TakenPort[];
  /** PATH of the image, null when it sets none; undefined while it was not inspected. */
  readonly imagePath?: string | null;
  /** Null without a cache. */
  readonly cache: CacheObservation | null;
}

/** All that is known of a workspace's cache, profile and image at one moment. */
export interface CacheObservation {
  readonly cache: string;
  /** Why nothing can be realised or imported now; null when its keeper is ready. */
  readonly unavailable: Failure | null;
  /** Nothing may run on the cache now: it is being emptied. */
  readonly mustStop: boolean;
  /**
   * The replaced system's store is still in the volume: its containers are replaced without waiting for packages.
   * `held`: by a container that is no workspace's of this cache.
   */
  readonly migration: 'none' | 'due' | 'held';
  /** `unknown`: the keeper has not reported its profiles yet. */
  readonly profile: 'ready' | 'old' | 'none' | 'unknown';
  /** The packages of the profile, where this controller knows them. */
  readonly profilePackages: readonly string[] | null;
  /** The environment is in the store: it only has to be linked. */
  readonly isRealised: boolean;
  /** What is being done for this workspace now, as a message; null when nothing is. */
  readonly progress: string | null;
  /** Why this environment is not there. */
  readonly failure: Failure | null;
  /** When it is tried again, in ms from now; null: not before something changes. */
  readonly retryMs: number | null;
  /** `own`: it brings a Nix store that is not in the cache yet. */
  readonly image: 'plain' | 'own' | 'imported' | 'refused' | 'unknown';
  readonly imageId: string | null;
  readonly importFailure: Failure | null;
}

export interface TakenPort {
  readonly protocol: 'tcp' | 'udp';
  readonly hostIP: string;
  readonly hostPort: number;
  /** For a person: `workspace bob`, `container web`, `process 812 (nginx)`. */
  readonly holder: string;
}

/** What the controller remembers of a workspace between two plans. It can be lost: then it tries once more. */
export interface WorkspaceMemory {
  /** This spec failed for good; nothing is tried again before the spec changes. */
  readonly failed: { readonly specHash: string; readonly failure: Failure } | null;
  /** How often the replacement with this hash was started. */
  readonly nextStarts: { readonly specHash: string; readonly count: number } | null;
  /** Since when (our clock, ms) the replacement has been seen running. */
  readonly nextRunningSince: number | null;
  /** The run that was seen, by when it began (the engine's clock, ms); null when that is not known. */
  readonly nextRun: number | null;
  /**
   * The replacement with this hash could not be prepared yet (image, bind source): the old container serves meanwhile.
   */
  readonly blocked: string | null;
  /** Our starts of the container in a row that did not last. */
  readonly starts: { readonly count: number; readonly lastAt: number } | null;
  /** Host ports that turned out to be taken by something outside the engine. */
  readonly takenPorts: readonly TakenPort[];
}

export const NO_MEMORY: WorkspaceMemory = {
  failed: null,
  nextStarts: null,
  nextRunningSince: null,
  nextRun: null,
  blocked: null,
  starts: null,
  takenPorts: [],
};

export interface WorkspaceInput {
  readonly instance: string;
  readonly desired: DesiredWorkspace;
  readonly observed: WorkspaceObservation;
  readonly memory: WorkspaceMemory;
  /** Milliseconds, our clock. */
  readonly now: number;
}

export interface Plan {
  readonly operations: readonly Operation[];
  /** What is true now, before the operations. */
  readonly verdict: Verdict;
  /** Plan again after this time even if no event comes, ms; null: only at the next trigger. */
  readonly recheckAfterMs: number | null;
  /** To remember: this spec is given up. */
  readonly giveUp: WorkspaceMemory['failed'];
  /** Host ports this plan settles on, to be kept from others. */
  readonly ports: readonly PublishedPort[];
}
