import { setMaxListeners } from 'node:events';
import type { Clock } from '../model/clock.js';
import { EngineError } from './port.js';

/** The limits of one call: a deadline in ms, and signals that abort it. */
export interface Limit {
  readonly verb: string;
  readonly ms: number;
  readonly clock: Clock;
  readonly signals: readonly (AbortSignal | undefined)[];
}

export interface Scope {
  /** Aborts when the work has failed for any reason, so that everything that was opened for it can be closed. */
  readonly signal: AbortSignal;
  /** Restarts the deadline; to be called when data has arrived. */
  touch(): void;
  /** Removes the deadline, because an idle event stream may be silent forever. */
  untimed(): void;
}

/**
 * Runs `work` with a deadline and the callers' signals. The result settles in time even when `work` never does, as
 * happens when the connection is lost in the middle of an answer (trap dockerode-1).
 */
export async function withDeadline<T>(limit: Limit, work: (scope: Scope) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const stopped = new Promise<never>((_resolve, reject) => {
    stop.signal.addEventListener('abort', () => reject(stop.signal.reason as Error), { once: true });
  });
  const onAbort = () => stop.abort(new EngineError('aborted', limit.verb, 'The call was cancelled'));
  const onDeadline = () =>
    stop.abort(new EngineError('timeout', limit.verb, `The engine was silent for ${limit.ms / 1000} s`));

  let cancelTimer = limit.clock.after(limit.ms, onDeadline);
  let timed = true;
  const scope: Scope = {
    signal: stop.signal,
    touch() {
      cancelTimer();
      if (timed && !stop.signal.aborted) cancelTimer = limit.clock.after(limit.ms, onDeadline);
    },
    untimed() {
      timed = false;
      cancelTimer();
    },
  };
  for (const signal of limit.signals) {
    if (signal === undefined) continue;
    // One signal may abort many calls at once, as when the controller exits, so Node's warning of a listener leak would
    // be wrong.
    setMaxListeners(0, signal);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  }
  try {
    return await Promise.race([stopped, stop.signal.aborted ? stopped : work(scope)]);
  } catch (error) {
    stop.abort(error);
    throw error;
  } finally {
    cancelTimer();
    for (const signal of limit.signals) signal?.removeEventListener('abort', onAbort);
  }
}
