import type { CallOptions } from '../docker/port.js';
import type { CacheEvent } from '../model/cache-event.js';
import type { CacheOutcome, WorkspaceCacheReport } from '../model/cache-status.js';
import type { DesiredSnapshot, DesiredWorkspace } from '../model/desired.js';
import type { EngineEvent, ObservedImage } from '../model/engine-objects.js';
import type { Failure, Reason } from '../model/reasons.js';
import type { WorkspaceReport } from '../model/status.js';
import type { CacheObservation, DriftField, Operation, WorkspaceMemory } from '../plan/types.js';

/** What the engine asks of the rooms around it. Each is met by structure; `main.ts` brings them together. */

export interface SpecSources {
  /** Never throws for bad input; an unreadable source makes the snapshot incomplete. */
  scan(signal?: AbortSignal): Promise<DesiredSnapshot>;
  /** Calls `onHint` when a scan may find something; the result ends that. */
  watch(onHint: () => void): () => void;
  /** The workspace is removed: its last good spec may go. */
  forget(name: string): void | Promise<void>;
}

export type Execute = (
  key: string,
  operations: readonly Operation[],
  options: CallOptions,
) => Promise<{
  readonly outcome: 'done' | 'awaiting' | 'failed';
  readonly failure: Failure | null;
  readonly failedOperation: Operation | null;
}>;

/** What the loop calls of the caches. Nothing here changes a workspace's container. */
export interface CacheReconciler {
  /** Takes over what the specs want; gives the caches to look at. */
  update(snapshot: DesiredSnapshot): readonly string[];
  names(): readonly string[];
  /** One look at one cache and a step on its way; engine errors go up. */
  reconcile(cache: string, options: CallOptions): Promise<CacheOutcome>;
  /** What was listed shows another keeper than the one that answered. */
  keeperMoved(cache: string): boolean;
  /** Null without a cache. `imageIds`: of the container that is there, and of the spec's image. */
  observe(workspace: DesiredWorkspace, imageIds: readonly string[]): CacheObservation | null;
  reportOf(workspace: DesiredWorkspace): WorkspaceCacheReport | null;
  /** Whether the image brings a Nix store of its own. */
  lookAtImage(imageId: string, options: CallOptions): Promise<void>;
  /** Something is realised, imported or emptied now. */
  isBusy(): boolean;
}

export type InspectImage = (reference: string, options: CallOptions) => Promise<ObservedImage | null>;

export interface EventSource {
  events(
    request: { readonly since?: number; readonly onOpen?: () => void },
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<EngineEvent>;
}

/** True when the data volume's directory is gone (only asked on a deep look). */
export type CheckStorage = (containerId: string, mountPath: string, options: CallOptions) => Promise<boolean>;

/** The last lines of a container's output. */
export type ReadOutput = (containerId: string, lines: number, options: CallOptions) => Promise<string>;

/** Who outside the engine listens on a host port, in words; null when it cannot be known. */
export type FindPortHolder = (port: {
  readonly protocol: 'tcp' | 'udp';
  readonly hostPort: number;
}) => Promise<string | null>;

/** Whether the image is being pulled for another workspace. */
export type IsPulling = (image: string) => boolean;

export interface GivenUp {
  all(): ReadonlyMap<string, NonNullable<WorkspaceMemory['failed']>>;
  set(workspace: string, failed: WorkspaceMemory['failed']): void;
}

/** Names whose removal waits for a person, over restarts. It can be lost: then the rule alone decides. */
export interface HeldRemovals {
  load(): readonly string[];
  save(names: readonly string[]): void;
}

export type ReconcileResult = 'success' | 'transient' | 'waiting' | 'stalled';

export interface ReconcileRecord {
  readonly kind: 'workspace' | 'shared' | 'cache';
  /** The workspace's or the cache's name, or `shared`. */
  readonly key: string;
  readonly reconcileId: string;
  readonly trigger: string;
  readonly result: ReconcileResult;
  readonly operations: number;
  readonly failure: Failure | null;
  readonly seconds: number;
}

/** Everything the engine tells the outside; it never waits for an answer. */
export interface ControllerListener {
  report(report: WorkspaceReport): void;
  reconciled(record: ReconcileRecord): void;
  /** `reason` of the failure in `engineUp(false, …)` is of the closed list. */
  engineUp(up: boolean, failure: Failure | null): void;
  eventStream(state: 'open' | 'closed', detail: string): void;
  scanned(snapshot: DesiredSnapshot): void;
  held(names: readonly string[]): void;
  /** The source of this workspace has another revision now, and nothing in it is new for the workspace. */
  revised(workspace: string, from: string, to: string): void;
  drift(workspace: string, field: DriftField, cause: string): void;
  missedEvent(workspace: string): void;
  cacheEvent(event: CacheEvent): void;
  queueChanged(size: { readonly depth: number; readonly active: number }): void;
  queueWaited(seconds: number): void;
  retried(key: string, reason: Reason): void;
  /** A fault of ours: a bug. The key is tried again. */
  fault(key: string, fault: unknown): void;
}
