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

/** What reconciling one workspace needs. */
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
  /** Reconciliations in a row that found work although nothing new was asked: against a fight with another program. */
  readonly passes: Map<string, number>;
  /** Asks for a list of the engine: it seems to be away, or only a list shows what has changed. */
  readonly requestList: () => void;
}

/** A workspace that waits for another object is reconciled again after this time, whether or not an event came. */
export const WAITING_RETRY_MS = 30_000;
