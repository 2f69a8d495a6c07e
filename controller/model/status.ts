import type { Condition } from './condition.js';
import type { WorkspaceCacheReport } from './cache-status.js';
import type { ContainerState, Health, PublishedPort } from './engine-objects.js';
import type { SpecLocation, SpecProblem } from './desired.js';
import type { Failure } from './reasons.js';

/** The result of one plan of a workspace. The planner returns it; status turns it into conditions and a phase. */
export type Verdict =
  | { readonly kind: 'ready' }
  /** The spec says `state: Stopped`, and the workspace is stopped. */
  | { readonly kind: 'stopped' }
  /** Work is in progress: there are operations to run, or a container that runs and is not ready yet. */
  | { readonly kind: 'progressing'; readonly message: string; readonly replacing: boolean }
  | {
      readonly kind: 'failing';
      readonly failure: Failure;
      /**
       * Whether a container of this workspace is in service nevertheless, such as the old one after a failed
       * replacement.
       */
      readonly serving: boolean;
    }
  /** The spec is gone and the removal waits for a confirmation (law 4). */
  | { readonly kind: 'held'; readonly failure: Failure }
  | { readonly kind: 'removing' }
  | { readonly kind: 'removed' };

/** The result of one reconciliation, for the status store. */
export interface WorkspaceReport {
  readonly name: string;
  readonly verdict: Verdict;
  readonly spec: {
    readonly hash: string;
    readonly location: SpecLocation;
    readonly problem: SpecProblem | null;
    /** The revision of its source that the spec comes from; null when the source has no revisions. */
    readonly revision: string | null;
  } | null;
  readonly container: {
    readonly id: string;
    readonly image: string;
    readonly state: ContainerState;
    readonly health: Health;
    readonly ports: readonly PublishedPort[];
    /** In ms since the epoch; null when the container never started or was not inspected. */
    readonly startedAt: number | null;
  } | null;
  /** Null when the spec uses no cache, or is gone. Unknown facts about a used cache are reported as `unknown`. */
  readonly cache: WorkspaceCacheReport | null;
}

export const PHASES = [
  'Pending',
  'Waiting',
  'Starting',
  'Ready',
  'Replacing',
  'Degraded',
  'Stalled',
  'Stopped',
  'Held',
  'Removing',
] as const;
export type Phase = (typeof PHASES)[number];

export interface WorkspaceStatus {
  readonly name: string;
  readonly phase: Phase;
  /** The hash of the spec that the conditions are about. */
  readonly specHash: string | null;
  readonly location: SpecLocation | null;
  /**
   * The revision of its source that the workspace last converged to; null when it never did, or its source has no
   * revisions.
   */
  readonly revision: string | null;
  readonly conditions: readonly Condition[];
  readonly container: WorkspaceReport['container'];
  /** Null when the workspace uses no cache. */
  readonly cache:
    ({ readonly name: string } & Pick<WorkspaceCacheReport, 'packages' | 'profile' | 'progress' | 'lastUse'>) | null;
}

/** An entry of the event record: what happened, for a person. */
export interface RecordedEvent {
  /** In ISO 8601. */
  readonly time: string;
  readonly type: 'Normal' | 'Warning';
  readonly workspace: string | null;
  readonly cache: string | null;
  readonly reason: string;
  readonly message: string;
}

/** An event before the record adds its time. */
export type NewEvent = Omit<RecordedEvent, 'time' | 'cache'> & { readonly cache?: string | null };
