import type { Clock } from '../model/clock.js';
import type { Failure } from '../model/reasons.js';
import type { EngineView } from '../observe/engine-view.js';
import type { Operation } from '../plan/types.js';
import type {
  CacheReconciler,
  CheckStorage,
  EventSource,
  Execute,
  FindPortHolder,
  GivenUp,
  HeldRemovals,
  ControllerListener,
  InspectImage,
  IsPulling,
  ReadOutput,
  SpecSources,
} from './interfaces.js';

/** What a controller is made from: how it works, and the rooms that it works with. Times in ms. */
export interface ControllerOptions {
  readonly instance: string;
  readonly concurrency: number;
  readonly resyncMs: number;
  /** Every so many resyncs, one inspects every container. */
  readonly deepEvery: number;
  /** Removals never wait for a person (`--allow-prune`). */
  readonly allowPrune: boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly sources: SpecSources;
  readonly view: EngineView;
  readonly events: EventSource;
  readonly execute: Execute;
  readonly caches: CacheReconciler;
  readonly inspectImage: InspectImage;
  readonly givenUp: GivenUp;
  readonly heldRemovals: HeldRemovals;
  readonly checkStorage: CheckStorage;
  readonly findPortHolder: FindPortHolder;
  readonly isPulling: IsPulling;
  readonly readOutput: ReadOutput;
  /** Turns what an engine call threw into a reason; throws what is no engine error. */
  readonly classify: (error: unknown) => Failure;
  readonly listener: ControllerListener;
}

/** The loop that brings the engine to what the specs ask for. */
export interface Controller {
  /** Begins to scan, list and reconcile; called once. */
  start(): void;
  /** Lets operations under way finish for `graceMs`, then abandons them: every prefix of a plan is safe (law 6). */
  stop(graceMs: number): Promise<void>;
  /** Confirms held removals: those named, or all for null. Gives the names that were held, sorted. */
  approve(names: readonly string[] | null): string[];
  /** Nothing is queued or being worked on. Delayed keys do not count: they are rechecks and retries. */
  readonly idle: () => boolean;
  /** When the engine was last listed and the sources last scanned: ms, our clock; null until it happened. */
  readonly lastListAt: () => number | null;
  readonly lastScanAt: () => number | null;
  readonly engineUp: () => boolean;
  /** Failures in a row of one workspace. */
  readonly failures: (workspace: string) => number;
  /** Reconciles these workspaces again without a new observation: their packages have changed. */
  wake(workspaces: readonly string[], trigger: string): void;
  /** Reports these workspaces again by what is known: the progress of their packages has changed. */
  reportAgain(workspaces: readonly string[]): void;
  /** To be called with each operation that the executor carried out, for the memory of the planner. */
  noteOperation(key: string, operation: Operation): void;
}
