import type { CallOptions } from '../docker/port.js';
import { NO_MEMORY } from '../plan/types.js';
import { createBackoff, type Backoff } from './backoff.js';
import type { ControllerOptions } from './controller-types.js';
import { createQueue, type WorkQueue } from './queue.js';
import type { RemovalLedger } from './removals.js';
import { createState, type ControllerState } from './state.js';

/** The keys of the queue `inputs`. */
export const SCAN = '#scan';
export const LIST = '#list';
export const DEEP_LIST = '#deep-list';

/** A running loop: what it was given, its queues and its records. The functions of this folder share it. */
export interface Loop extends ControllerOptions {
  readonly state: ControllerState;
  readonly inputState: InputState;
  /**
   * The queue of scans of the sources and lists of the engine. It is separate, so that slow workspaces never delay
   * them.
   */
  readonly inputs: WorkQueue;
  readonly inputBackoff: Backoff;
  /** The queue of workspaces, caches and the shared objects, by key. */
  readonly queue: WorkQueue;
  readonly backoff: Backoff;
  /** Aborted when the loop ends. */
  readonly signal: AbortSignal;
  readonly calls: CallOptions;
  readonly ledger: RemovalLedger;
  /** For each workspace, how many reconciliations in a row found work although nothing new was requested. */
  readonly passes: Map<string, number>;
  /**
   * Requests a list, because a call found that the engine is unreachable, or because something changed that only a list
   * shows.
   */
  readonly requestList: () => void;
}

/**
 * How much is known of sources and engine. `scan` writes `lastScanAt`, `list` writes the other two. Times are in ms of
 * our clock; null means never.
 */
export interface InputState {
  engineUp: boolean;
  lastListAt: number | null;
  lastScanAt: number | null;
}

/** Creates a loop that has read the records of an earlier run and has not begun. `signal` ends its calls. */
export function createLoop(options: ControllerOptions, signal: AbortSignal): Loop {
  const { clock, random } = options;
  const state = createState(options.caches);
  for (const [name, failed] of options.givenUp.all()) state.memories.set(name, { ...NO_MEMORY, failed });
  state.held = new Set(options.heldRemovals.load());
  const inputs = createQueue(clock);
  return {
    ...options,
    state,
    inputState: { engineUp: false, lastListAt: null, lastScanAt: null },
    inputs,
    inputBackoff: createBackoff({ firstMs: 250, longestMs: 5_000, random }),
    queue: createQueue(clock),
    backoff: createBackoff({ firstMs: 500, longestMs: 300_000, random }),
    signal,
    calls: { signal },
    ledger: { approved: new Set(), orphanSince: new Map() },
    passes: new Map(),
    requestList: () => inputs.add(LIST, 'unreachable'),
  };
}

/** Whether a workspace of this name has a spec, or a removal that may go ahead. */
export function isOurs(name: string, { state }: Pick<Loop, 'state'>): boolean {
  return state.desired.workspaces.has(name) || state.removals.has(name);
}

/** Opens the queue when sources and engine are known, and holds it otherwise, because unknown is not absent (law 2). */
export function openQueue({ queue, inputState: { engineUp, lastListAt, lastScanAt } }: Loop): void {
  queue.hold(!engineUp || lastListAt === null || lastScanAt === null);
}
