import type { EngineEvent } from '../../../controller/model/engine-objects.js';
import { unreachable } from './fake-engine-errors.js';

/** The engine keeps so many for those who ask with `since`. */
const KEPT = 256;

interface Subscriber {
  push(event: EngineEvent): void;
  cut(): void;
}

export interface EventHub {
  emit(event: EngineEvent): void;
  /** Ends every stream, as a restart of the engine does. */
  cut(): void;
  subscribe(
    request: { readonly since?: number; readonly onOpen?: () => void },
    signal: AbortSignal,
  ): AsyncGenerator<EngineEvent>;
}

/** `isLost` decides for each event and subscriber whether it is never delivered. */
export function createEventHub(isLost: (event: EngineEvent) => boolean): EventHub {
  const recent: EngineEvent[] = [];
  const subscribers = new Set<Subscriber>();

  async function* follow(
    since: number | undefined,
    onOpen: (() => void) | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<EngineEvent> {
    const waiting = since === undefined ? [] : recent.filter((event) => event.time >= since);
    let isCut = false;
    let wake = () => {};
    const subscriber: Subscriber = {
      push(event) {
        waiting.push(event);
        wake();
      },
      cut() {
        isCut = true;
        wake();
      },
    };
    const onAbort = () => wake();
    signal.addEventListener('abort', onAbort);
    subscribers.add(subscriber);
    onOpen?.();
    try {
      while (!signal.aborted) {
        for (const event of waiting.splice(0)) yield event;
        if (isCut) throw unreachable('events');
        if (waiting.length === 0 && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      subscribers.delete(subscriber);
      signal.removeEventListener('abort', onAbort);
    }
  }

  return {
    emit(event) {
      recent.push(event);
      if (recent.length > KEPT) recent.shift();
      for (const subscriber of subscribers) if (!isLost(event)) subscriber.push(event);
    },
    cut() {
      for (const subscriber of [...subscribers]) subscriber.cut();
    },
    subscribe: ({ since, onOpen }, signal) => follow(since, onOpen, signal),
  };
}
