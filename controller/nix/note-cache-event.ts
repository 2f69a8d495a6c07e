import type { CacheEvent } from '../model/cache-event.js';
import type { CacheContext } from './cache-context.js';
import { reportCache } from './cache-report.js';
import { PREWARM } from './packages/environments.js';

/** Updates the cache itself after an event of its environments, and then passes the event on. */
export function noteCacheEvent(context: CacheContext, event: CacheEvent): void {
  const { measure, totals, shared } = context;
  if (event.type === 'realised' && event.failure === null) measure.soon();
  if (event.type === 'linked') {
    totals.add(event.use);
    // No workspace waits for the prewarmed profile.
    if (event.workspace === PREWARM) return reportCache(context);
    shared.uses.noteLinked(event.workspace, event.use);
  }
  shared.emit(event);
  if (event.type !== 'changed') reportCache(context);
}
