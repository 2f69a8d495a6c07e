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

/** What a controller is made from: its settings, and the rooms that it works with. Times are in ms. */
export interface ControllerOptions {
  readonly instance: string;
  readonly concurrency: number;
  readonly resyncMs: number;
  /** Every resync with a number divisible by this is deep: it inspects every container. */
  readonly deepEvery: number;
  /** Whether removals never wait for a person (`--allow-prune`). */
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
  /** Converts an error of an engine call into a failure; rethrows any other error. */
  readonly classify: (error: unknown) => Failure;
  readonly listener: ControllerListener;
}

/** The loop that brings the engine into the state that the specs describe. */
export interface Controller {
  /** Starts to scan, list and reconcile; called once. */
  start(): void;
  /**
   * Lets operations under way finish within `graceMs`, then abandons them, because every prefix of a plan is safe (law
   * 6).
   */
  stop(graceMs: number): Promise<void>;
  /** Confirms held removals: the given names, or all for null. Returns the names that were held, sorted. */
  approve(names: readonly string[] | null): string[];
  /** Whether nothing is queued or being worked on. Delayed keys do not count, because they are rechecks and retries. */
  readonly idle: () => boolean;
  /** When the engine was last listed, and when the sources were last scanned, in ms of our clock; null before that. */
  readonly lastListAt: () => number | null;
  readonly lastScanAt: () => number | null;
  readonly engineUp: () => boolean;
  /** The number of failures in a row of one workspace. */
  readonly failures: (workspace: string) => number;
  /** Reconciles these workspaces again without a new observation, because their packages have changed. */
  wake(workspaces: readonly string[], trigger: string): void;
  /** Reports these workspaces again from what is known, because the progress of their packages has changed. */
  reportAgain(workspaces: readonly string[]): void;
  /** Records an operation in the planner's memory; to be called for each operation that the executor carried out. */
  noteOperation(key: string, operation: Operation): void;
}
