import type { CacheConditionType, CacheStatus } from '../model/cache-status.js';
import type { NewEvent } from '../model/status.js';

/** The conditions that warn, and do not affect whether the cache is Ready. */
const WARNING_CONDITIONS: readonly CacheConditionType[] = [
  'KeeperSecure',
  'NixpkgsSupported',
  'BuildsSandboxed',
  'StoreIntact',
];

/** What warns about a cache, as events. */
export interface Warnings {
  /** The events of warnings that began, changed or ended. */
  of(status: CacheStatus): Pick<NewEvent, 'type' | 'reason' | 'message'>[];
  /** Forgets a cache that is gone. */
  forget(cache: string): void;
}

/**
 * Creates the memory of what was told. Each warning is told once: between two keepers the state of a condition is not
 * known, and what is the same afterwards is no news.
 */
export function createWarnings(): Warnings {
  const told = new Map<string, string>();

  function eventsOf(status: CacheStatus, type: CacheConditionType): Pick<NewEvent, 'type' | 'reason' | 'message'>[] {
    const key = `${status.name}/${type}`;
    const condition = status.conditions.find((one) => one.type === type);
    if (condition?.status === 'False' && told.get(key) !== condition.message) {
      told.set(key, condition.message);
      return [{ type: 'Warning', reason: condition.reason, message: condition.message }];
    }
    if (condition?.status === 'True' && told.delete(key))
      return [{ type: 'Normal', reason: condition.reason, message: condition.message }];
    return [];
  }

  return {
    of: (status) => WARNING_CONDITIONS.flatMap((type) => eventsOf(status, type)),
    forget(cache) {
      for (const type of WARNING_CONDITIONS) told.delete(`${cache}/${type}`);
    },
  };
}
