import { IS_LONG } from '../cases.js';
import type { EngineCall, Fault } from '../engine/fake-engine.js';
import { READS } from './invariants.js';

const FAULTS = ['crash-before', 'crash-after', 'lost', 'refused', 'timeout-after'] as const;

export interface CrashPoint {
  readonly fault: Fault;
  /** Of the call that it happens to, from 1. */
  readonly k: number;
}

/** Each call with each fault; in the usual run without those that show the controller the same as another does. */
export function crashPointsOf(calls: readonly EngineCall[]): CrashPoint[] {
  const wanted = (verb: EngineCall['verb'], k: number, fault: (typeof FAULTS)[number]): boolean => {
    if (IS_LONG || fault === 'refused') return true;
    // Before a call is after the call before it.
    if (fault === 'crash-before') return k === 1;
    // A read has no effect: nothing of it is lost, and a death after it is one after the change before it.
    return !READS.has(verb);
  };
  return calls.flatMap(({ verb }, at) =>
    FAULTS.filter((fault) => wanted(verb, at + 1, fault)).map((fault) => ({ fault, k: at + 1 })),
  );
}
