import type { CallOptions } from '../docker/port.js';
import type { CacheEvent } from '../model/cache-event.js';
import type { CacheOutcome, WorkspaceCacheReport } from '../model/cache-status.js';
import type { DesiredSnapshot, DesiredWorkspace } from '../model/desired.js';
import type { EngineEvent, ObservedImage } from '../model/engine-objects.js';
import type { Failure, Reason } from '../model/reasons.js';
import type { WorkspaceReport } from '../model/status.js';
import type { CacheObservation, DriftField, Operation, WorkspaceMemory } from '../plan/types.js';

/** What the loop needs of the rooms around it. They meet it by structure; `app/assembly.ts` brings them together. */

/** Where specs come from. */
export interface SpecSources {
  /** Never throws for bad input; an unreadable source makes the snapshot incomplete. */
  scan(signal?: AbortSignal): Promise<DesiredSnapshot>;
  /** Calls `onHint` when a scan may find something; the returned function ends that. */
  watch(onHint: () => void): () => void;
  /** The workspace is removed: its last good spec may go. */
  forget(name: string): void | Promise<void>;
}

/**
 * Runs operations in order until one fails or has to be waited for. `key` is the workspace's, the cache's or the shared
 * one.
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

/** What the loop calls of the caches. Nothing here changes a workspace's container. */
export interface CacheReconciler {
  /** Adopts the caches of `snapshot`; gives the names of those that need a reconciliation. */
  update(snapshot: DesiredSnapshot): readonly string[];
  names(): readonly string[];
  /** Observes one cache and takes the next step towards its spec. Throws `EngineError`. */
  reconcile(cache: string, options: CallOptions): Promise<CacheOutcome>;
  /** Whether the last list shows another keeper than the one that answered, or none. */
  keeperMoved(cache: string): boolean;
  /**
   * What the planner needs to know; null without a cache. `imageIds` are those of the present container and of the
   * spec's image.
   */
  observe(workspace: DesiredWorkspace, imageIds: readonly string[]): CacheObservation | null;
  /** The part of the workspace's report that is about its cache; null without one. */
  reportOf(workspace: DesiredWorkspace): WorkspaceCacheReport | null;
  /** Finds out whether the image brings a Nix store of its own; `observe` knows it from then on. */
  lookAtImage(imageId: string, options: CallOptions): Promise<void>;
  /** Whether something is being realised, imported or emptied. */
  isBusy(): boolean;
}

/** The image under this reference; null when the engine does not have it. */
export type InspectImage = (reference: string, options: CallOptions) => Promise<ObservedImage | null>;

/** The engine's events. */
export interface EventSource {
  /**
   * Events from `since` (seconds since the epoch, with fractions) or from now on. Ends or throws when the stream does.
   */
  events(
    request: { readonly since?: number; readonly onOpen?: () => void },
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<EngineEvent>;
}

/**
 * Whether the directory behind the data volume at `mountPath` is gone. Asked at a deep resync, or while it was gone
 * before.
 */
export type CheckStorage = (containerId: string, mountPath: string, options: CallOptions) => Promise<boolean>;

/** The last `lines` lines of a container's output. */
export type ReadOutput = (containerId: string, lines: number, options: CallOptions) => Promise<string>;

/** The program outside the engine that listens on a host port, as text for a person; null when it cannot be known. */
export type FindPortHolder = (port: {
  readonly protocol: 'tcp' | 'udp';
  readonly hostPort: number;
}) => Promise<string | null>;

/** Whether the image is being pulled for another workspace. */
export type IsPulling = (image: string) => boolean;

/** Specs that failed for good, by workspace. */
export interface GivenUp {
  all(): ReadonlyMap<string, NonNullable<WorkspaceMemory['failed']>>;
  set(workspace: string, failed: WorkspaceMemory['failed']): void;
}

/** Names whose removal waits for a person, over restarts. It can be lost: then the rule alone decides. */
export interface HeldRemovals {
  load(): readonly string[];
  save(names: readonly string[]): void;
}

/** `transient`: to be retried. `waiting`: for another object. `stalled`: until the spec changes. */
export type ReconcileResult = 'success' | 'transient' | 'waiting' | 'stalled';

/** One reconciliation that has ended. */
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

/** What the loop reports. A call must not throw and is not waited for. */
export interface ControllerListener {
  report(report: WorkspaceReport): void;
  reconciled(record: ReconcileRecord): void;
  /** The engine answers again, or a list of it has failed. */
  engineUp(up: boolean, failure: Failure | null): void;
  eventStream(state: 'open' | 'closed', detail: string): void;
  scanned(snapshot: DesiredSnapshot): void;
  /** All names whose removal waits for a person, sorted. */
  held(names: readonly string[]): void;
  /** The source of this workspace has another revision now, and nothing in it is new for the workspace. */
  revised(workspace: string, from: string, to: string): void;
  drift(workspace: string, field: DriftField, cause: string): void;
  /** A resync found work that no event had pointed to. */
  missedEvent(workspace: string): void;
  cacheEvent(event: CacheEvent): void;
  queueChanged(size: { readonly depth: number; readonly active: number }): void;
  queueWaited(seconds: number): void;
  retried(key: string, reason: Reason): void;
  /** A fault of ours: a bug. The key is tried again. */
  fault(key: string, fault: unknown): void;
}
