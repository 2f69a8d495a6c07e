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

/**
 * The fields that can differ from the spec although the spec did not change; values of a label of
 * `drift_detected_total`.
 */
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

/**
 * Refers to a container by name, and by id when it was observed, so that an operation never affects another container
 * of that name.
 */
export interface ContainerTarget {
  readonly name: string;
  readonly id: string | null;
}

interface Step {
  /** The cause for a person, such as `image: debian:12 -> debian:13`. */
  readonly cause: string;
  /** The field that drifted; set when the change happened on the engine and not in the spec. */
  readonly drift?: DriftField;
}

/**
 * One operation is one engine call. `await-ready` is no call: the plan ends there, and a new plan is made when the
 * container is ready.
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
        /** The container has not run yet, so the container itself is at fault when the engine refuses to start it. */
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
        /**
         * Requests that a workspace's profile contains its packages; each environment is realised once at a time (F9).
         */
        readonly type: 'realise-environment';
        readonly workspace: string;
        readonly cache: string;
        readonly packages: readonly string[];
      }
    /**
     * Like `await-ready`, but for the profile. The executor waits up to `waitMs` ms for it, because linking realised
     * packages takes only a moment.
     */
    | {
        readonly type: 'await-environment';
        readonly workspace: string;
        readonly cache: string;
        readonly waitMs: number;
      }
    /** Imports the image's own store paths into the cache (F14). */
    | { readonly type: 'import-image'; readonly cache: string; readonly image: string; readonly imageId: string }
    /** Creates the directories for the profiles that people make for themselves. */
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

/** Everything that the engine shows of one workspace at one moment. */
export interface WorkspaceObservation {
  /** The containers that carry this workspace's id or have one of its two names, whether ours or not. */
  readonly containers: readonly ObservedContainer[];
  readonly volumes: ReadonlyMap<string, ObservedVolume>;
  readonly networks: ReadonlyMap<string, ObservedNetwork>;
  /** False when the image is known to be absent; null when it was not inspected, and then the create finds out. */
  readonly imagePresent: boolean | null;
  /** Whether the directory behind the data volume is known to be gone. */
  readonly storageDamaged: boolean;
  /** Host ports that others hold or are about to hold. */
  readonly takenPorts: readonly TakenPort[];
  /** The PATH of the image: null when the image sets none, undefined while the image was not inspected. */
  readonly imagePath?: string | null;
  /** The workspace's cache, or null when the workspace has none. */
  readonly cache: CacheObservation | null;
}

/** Everything that is known of a workspace's cache, profile and image at one moment. */
export interface CacheObservation {
  readonly cache: string;
  /** Why nothing can be realised or imported now, or null when the keeper is ready. */
  readonly unavailable: Failure | null;
  /** Whether nothing may run with the cache now, because it is being emptied. */
  readonly mustStop: boolean;
  /**
   * Whether the replaced system's store is still in the volume. `due`: its containers are replaced without waiting for
   * packages. `held`: a container that is not a workspace of this cache prevents that.
   */
  readonly migration: 'none' | 'due' | 'held';
  /** The state of the profile; `unknown`: the keeper has not reported its profiles yet. */
  readonly profile: 'ready' | 'old' | 'none' | 'unknown';
  /** The packages in the profile, or null when this controller does not know them. */
  readonly profilePackages: readonly string[] | null;
  /** Whether the environment is in the store already, so that it only has to be linked. */
  readonly isRealised: boolean;
  /** A message about the work that is under way for this workspace, or null when there is none. */
  readonly progress: string | null;
  /** Why this environment could not be realised, or null. */
  readonly failure: Failure | null;
  /** When the realisation is tried again, in ms from now; null: not before something changes. */
  readonly retryMs: number | null;
  /** The state of the image's own Nix store; `own`: the image contains a store that is not in the cache yet. */
  readonly image: 'plain' | 'own' | 'imported' | 'refused' | 'unknown';
  readonly imageId: string | null;
  readonly importFailure: Failure | null;
}

export interface TakenPort {
  readonly protocol: 'tcp' | 'udp';
  readonly hostIP: string;
  readonly hostPort: number;
  /** The holder for a person: `workspace bob`, `container web`, `process 812 (nginx)`. */
  readonly holder: string;
}

/** What the controller remembers of a workspace between two plans. When it is lost, the controller tries once more. */
export interface WorkspaceMemory {
  /** The spec that failed for good; nothing is tried again before the spec changes. */
  readonly failed: { readonly specHash: string; readonly failure: Failure } | null;
  /** How often the replacement with this hash was started. */
  readonly nextStarts: { readonly specHash: string; readonly count: number } | null;
  /** Since when the replacement has been observed running, in ms of our clock. */
  readonly nextRunningSince: number | null;
  /**
   * The observed run of the replacement, identified by its start in ms of the engine's clock; null when that is not
   * known.
   */
  readonly nextRun: number | null;
  /**
   * The hash of a replacement that could not be prepared yet (image, bind source); the old container stays in service.
   */
  readonly blocked: string | null;
  /** How many of our starts of the container in a row did not last. */
  readonly starts: { readonly count: number; readonly lastAt: number } | null;
  /** Host ports that were found to be taken by something outside the engine. */
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
  /** The time in ms of our clock. */
  readonly now: number;
}

export interface Plan {
  readonly operations: readonly Operation[];
  /** The verdict on the state before the operations. */
  readonly verdict: Verdict;
  /** When to plan again even if no event arrives, in ms; null: only at the next trigger. */
  readonly recheckAfterMs: number | null;
  /** The spec to remember as given up, or null. */
  readonly giveUp: WorkspaceMemory['failed'];
  /** The host ports that this plan settles on and that no other workspace may take. */
  readonly ports: readonly PublishedPort[];
}
