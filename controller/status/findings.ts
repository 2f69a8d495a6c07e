import type { Condition } from '../model/condition.js';

/** The value of one condition after a report. */
export type Finding = Pick<Condition, 'status' | 'reason' | 'message'>;

/** A condition that is true. */
export function yes(reason: string, message: string): Finding {
  return { status: 'True', reason, message };
}

/** A condition that is false. */
export function no(reason: string, message: string): Finding {
  return { status: 'False', reason, message };
}

/** A condition that is not known to be true or false. */
export function unknown(reason: string, message: string): Finding {
  return { status: 'Unknown', reason, message };
}

/**
 * Builds conditions from findings. A transition time changes only when the status changes (law 10).
 * @param now milliseconds since the epoch
 */
export function conditionsFrom<Type extends string>(
  findings: readonly (readonly [Type, Finding])[],
  previous: readonly Condition<Type>[],
  now: number,
): Condition<Type>[] {
  return findings.map(([type, finding]) => {
    const before = previous.find((condition) => condition.type === type);
    const unchanged = before !== undefined && before.status === finding.status;
    return {
      type,
      ...finding,
      lastTransitionTime: unchanged ? before.lastTransitionTime : new Date(now).toISOString(),
    };
  });
}

/** Returns `word` with a capital first letter, as reasons are written. */
export function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
