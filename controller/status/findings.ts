import type { Condition } from '../model/status.js';

/** What a report says of one condition. */
export type Finding = Pick<Condition, 'status' | 'reason' | 'message'>;

export function yes(reason: string, message: string): Finding {
  return { status: 'True', reason, message };
}

export function no(reason: string, message: string): Finding {
  return { status: 'False', reason, message };
}

export function unknown(reason: string, message: string): Finding {
  return { status: 'Unknown', reason, message };
}

/**
 * Law 10: a transition time moves only when the status changes.
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

export function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
