import { Observable, merge, type Subscriber } from 'rxjs';
import type { Clock } from '../model/clock.js';
import { delay } from '../model/clock.js';
import type { EngineEvent } from '../model/engine-objects.js';
import { createBackoff } from './backoff.js';
import type { EventSource, SpecSources } from './interfaces.js';

/** Everything that can make the controller observe or reconcile something. */
export type Trigger =
  | { readonly type: 'spec-hint' }
  | { readonly type: 'resync'; readonly deep: boolean }
  | { readonly type: 'stream-open' }
  | { readonly type: 'stream-closed'; readonly detail: string }
  | { readonly type: 'engine-event'; readonly event: EngineEvent };

/** The sources of triggers. */
export interface TriggerOptions {
  readonly sources: SpecSources;
  readonly events: EventSource;
  readonly clock: Clock;
  readonly random: () => number;
  readonly resyncMs: number;
  /** Every resync with a number divisible by this is deep. */
  readonly deepEvery: number;
}

/** Merges all triggers into one stream that never completes and never fails; unsubscribing stops all of them. */
export function triggers(options: TriggerOptions): Observable<Trigger> {
  return merge(specHints(options), resyncs(options), engineEvents(options));
}

function specHints({ sources }: TriggerOptions): Observable<Trigger> {
  return new Observable((subscriber) => sources.watch(() => subscriber.next({ type: 'spec-hint' })));
}

function resyncs({ clock, resyncMs, deepEvery }: TriggerOptions): Observable<Trigger> {
  return new Observable((subscriber) => {
    let count = 0;
    let cancel = clock.after(resyncMs, tick);
    function tick(): void {
      count += 1;
      cancel = clock.after(resyncMs, tick);
      subscriber.next({ type: 'resync', deep: count % deepEvery === 0 });
    }
    return () => cancel();
  });
}

/**
 * Follows the engine's events permanently: after every end it subscribes again from the last event on (trap
 * dockerode-4).
 */
function engineEvents(options: TriggerOptions): Observable<Trigger> {
  return new Observable((subscriber) => {
    const abort = new AbortController();
    void followEvents(options, subscriber, abort.signal);
    return () => abort.abort();
  });
}

async function followEvents(
  { events, clock, random }: TriggerOptions,
  subscriber: Subscriber<Trigger>,
  signal: AbortSignal,
): Promise<void> {
  const backoff = createBackoff({ firstMs: 200, longestMs: 5_000, random });
  let since: number | undefined;
  while (!signal.aborted) {
    let detail = 'the engine ended the event stream';
    try {
      const onOpen = () => subscriber.next({ type: 'stream-open' });
      for await (const event of events.events({ ...(since === undefined ? {} : { since }), onOpen }, { signal })) {
        since = event.time;
        backoff.reset('events');
        subscriber.next({ type: 'engine-event', event });
      }
    } catch (error) {
      detail = error instanceof Error ? error.message : String(error);
    }
    if (signal.aborted) return;
    subscriber.next({ type: 'stream-closed', detail });
    await delay(clock, backoff.next('events'), signal);
  }
}
