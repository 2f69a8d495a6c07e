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

export interface ControllerOptions {
  readonly instance: string;
  readonly concurrency: number;
  readonly resyncMs: number;
  readonly deepEvery: number;
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

export interface Controller {
  start(): void;
  /** Lets operations under way finish for `graceMs`, then abandons them: every prefix of a plan is safe (law 6). */
  stop(graceMs: number): Promise<void>;
  /** Confirms held removals: those named, or all that are held. Gives the names that were held. */
  approve(names: readonly string[] | null): string[];
  /** Nothing waits, runs or is held back but rechecks of what waits for a person. */
  readonly idle: () => boolean;
  /** Milliseconds, our clock; null until it happened. */
  readonly lastListAt: () => number | null;
  readonly lastScanAt: () => number | null;
  readonly engineUp: () => boolean;
  /** Failures in a row of one workspace. */
  readonly failures: (workspace: string) => number;
  /** Look at these workspaces again: something about their packages has changed. */
  wake(workspaces: readonly string[], trigger: string): void;
  /** Tells of these workspaces anew, without a look: how far their packages are. */
  retell(workspaces: readonly string[]): void;
  /** The executor's results come in here, for the memory. */
  noteOperation(key: string, operation: Operation): void;
}
