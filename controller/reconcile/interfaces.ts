import type { CallOptions } from '../docker/port.js';
import type { CacheEvent } from '../model/cache-event.js';
import type { CacheOutcome, WorkspaceCacheReport } from '../model/cache-status.js';
import type { DesiredSnapshot, DesiredWorkspace } from '../model/desired.js';
import type { EngineEvent, ObservedImage } from '../model/engine-objects.js';
import type { Failure, Reason } from '../model/reasons.js';
import type { WorkspaceReport } from '../model/status.js';
import type { CacheObservation, DriftField, Operation, WorkspaceMemory } from '../plan/types.js';

/**
 * What the loop needs of the rooms around it. Those rooms provide objects of these shapes without importing them, and
 * `app/assembly.ts` connects the two sides.
 */

/** The sources of specs. */
export interface SpecSources {
  /** Reads all sources. Never throws for bad input; an unreadable source makes the snapshot incomplete. */
  scan(signal?: AbortSignal): Promise<DesiredSnapshot>;
  /** Calls `onHint` when a scan may find something; the returned function stops that. */
  watch(onHint: () => void): () => void;
  /** Forgets the last good spec of a workspace that has been removed. */
  forget(name: string): void | Promise<void>;
}

/**
 * Runs operations in order until one fails or has to be waited for. `key` names the workspace, the cache or the shared
 * objects.
 */
export type Execute = (
  key: string,
  operations: readonly Operation[],
  options: CallOptions,
) => Promise<{
  readonly outcome: 'done' | 'awaiting' | 'failed';
  readonly failure: Failure | null;
  readonly failedOperation: Operation | null;
}>;

/** What the loop calls of the caches. No method changes the container of a workspace. */
export interface CacheReconciler {
  /** Takes over the caches of `snapshot`; returns the names of those that need a reconciliation. */
  update(snapshot: DesiredSnapshot): readonly string[];
  names(): readonly string[];
  /** Observes one cache and takes the next step towards its spec. Throws `EngineError`. */
  reconcile(cache: string, options: CallOptions): Promise<CacheOutcome>;
  /** Whether the last list shows another keeper than the one that answered, or no keeper. */
  keeperMoved(cache: string): boolean;
  /**
   * What the planner needs to know of the workspace's cache; null when the workspace has no cache. `imageIds` are those
   * of the existing container and of the spec's image.
   */
  observe(workspace: DesiredWorkspace, imageIds: readonly string[]): CacheObservation | null;
  /** The part of the workspace's report that is about its cache; null when the workspace has no cache. */
  reportOf(workspace: DesiredWorkspace): WorkspaceCacheReport | null;
  /** Finds out whether the image contains a Nix store of its own; `observe` reports it from then on. */
  lookAtImage(imageId: string, options: CallOptions): Promise<void>;
  /** Whether a realisation, an import or the emptying of a cache is under way. */
  isBusy(): boolean;
}

/** Returns the image with this reference, or null when the engine does not have it. */
export type InspectImage = (reference: string, options: CallOptions) => Promise<ObservedImage | null>;

/** The source of the engine's events. */
export interface EventSource {
  /**
   * Yields events from `since` (seconds since the epoch, with fractions) or from now on. Returns or throws when the
   * stream ends.
   */
  events(
    request: { readonly since?: number; readonly onOpen?: () => void },
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<EngineEvent>;
}

/**
 * Whether the directory behind the data volume at `mountPath` is gone. Called at a deep resync, and while the directory
 * was gone before.
 */
export type CheckStorage = (containerId: string, mountPath: string, options: CallOptions) => Promise<boolean>;

/** Returns the last `lines` lines of a container's output. */
export type ReadOutput = (containerId: string, lines: number, options: CallOptions) => Promise<string>;

/**
 * Names the program outside the engine that listens on a host port, for a person; null when it cannot be determined.
 */
export type FindPortHolder = (port: {
  readonly protocol: 'tcp' | 'udp';
  readonly hostPort: number;
}) => Promise<string | null>;

/** Whether the image is being pulled for another workspace. */
export type IsPulling = (image: string) => boolean;

/** The specs that failed for good, by workspace. */
export interface GivenUp {
  all(): ReadonlyMap<string, NonNullable<WorkspaceMemory['failed']>>;
  set(workspace: string, failed: WorkspaceMemory['failed']): void;
}

/** Keeps the names of held removals across restarts. When they are lost, the limit on removals decides alone. */
export interface HeldRemovals {
  load(): readonly string[];
  save(names: readonly string[]): void;
}

/** `transient`: to be retried. `waiting`: for another object. `stalled`: until the spec changes. */
export type ReconcileResult = 'success' | 'transient' | 'waiting' | 'stalled';

/** A reconciliation that has ended. */
export interface ReconcileRecord {
  readonly kind: 'workspace' | 'shared' | 'cache';
  /** The name of the workspace or of the cache, or `shared`. */
  readonly key: string;
  readonly reconcileId: string;
  readonly trigger: string;
  readonly result: ReconcileResult;
  readonly operations: number;
  readonly failure: Failure | null;
  readonly seconds: number;
}

/** What the loop reports to. The methods must not throw, and the loop does not wait for them. */
export interface ControllerListener {
  report(report: WorkspaceReport): void;
  reconciled(record: ReconcileRecord): void;
  /** The engine answers again (true), or a list of it has failed (false). */
  engineUp(up: boolean, failure: Failure | null): void;
  eventStream(state: 'open' | 'closed', detail: string): void;
  scanned(snapshot: DesiredSnapshot): void;
  /** All names whose removal waits for a person, sorted. */
  held(names: readonly string[]): void;
  /** The source of this workspace has a new revision, which changes nothing for the workspace. */
  revised(workspace: string, from: string, to: string): void;
  drift(workspace: string, field: DriftField, cause: string): void;
  /** Drift of this workspace was found that no event had announced. */
  missedEvent(workspace: string): void;
  cacheEvent(event: CacheEvent): void;
  queueChanged(size: { readonly depth: number; readonly active: number }): void;
  queueWaited(seconds: number): void;
  retried(key: string, reason: Reason): void;
  /** An unexpected error, which is a bug; the key is tried again. */
  fault(key: string, fault: unknown): void;
}
