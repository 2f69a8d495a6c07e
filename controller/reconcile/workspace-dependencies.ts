import type { CallOptions } from '../docker/port.js';
import type { Clock } from '../model/clock.js';
import type { EngineView } from '../observe/engine-view.js';
import type { Backoff } from './backoff.js';
import type {
  CacheReconciler,
  CheckStorage,
  Execute,
  FindPortHolder,
  GivenUp,
  ControllerListener,
  InspectImage,
  IsPulling,
  ReadOutput,
  SpecSources,
} from './interfaces.js';
import type { WorkQueue } from './queue.js';
import type { ControllerState } from './state.js';

/** The dependencies of a workspace's reconciliation. */
export interface WorkspaceReconcilerDependencies {
  readonly instance: string;
  readonly clock: Clock;
  readonly state: ControllerState;
  readonly view: EngineView;
  readonly execute: Execute;
  readonly caches: CacheReconciler;
  readonly inspectImage: InspectImage;
  readonly sources: SpecSources;
  readonly givenUp: GivenUp;
  readonly checkStorage: CheckStorage;
  readonly findPortHolder: FindPortHolder;
  readonly isPulling: IsPulling;
  readonly readOutput: ReadOutput;
  readonly queue: WorkQueue;
  readonly backoff: Backoff;
  readonly listener: ControllerListener;
  readonly calls: CallOptions;
  /**
   * For each workspace, how many reconciliations in a row found work although nothing new was requested. It detects a
   * fight with another program.
   */
  readonly passes: Map<string, number>;
  /** Requests a list of the engine, because it seems unreachable or because only a list shows what has changed. */
  readonly requestList: () => void;
}

/**
 * A workspace that waits for another object is reconciled again after this time in ms, whether or not an event arrives.
 */
export const WAITING_RETRY_MS = 30_000;
