import type { EngineEvent } from '../model/engine-objects.js';
import { eventFrom, eventQuery } from './event-view.js';
import type { EngineClient } from './engine-client.js';
import { createLineSplitter } from './line-splitter.js';
import { EngineError, type DockerPort } from './port.js';

const OPEN_MS = 30_000;
/**
 * The most events that wait to be consumed. That is far more than the 256 that the engine itself keeps; a reader that
 * is further behind has to list again anyway.
 */
const MOST_WAITING = 10_000;

/** The verb of the port for the stream of events. */
export function eventVerbs(engine: EngineClient): Pick<DockerPort, 'events'> {
  return {
    events: (request, { signal }) => follow(engine, request, signal),
  };
}

type Request = Parameters<DockerPort['events']>[0];

/**
 * Follows the stream of events. It is read as it arrives and not as it is consumed, because the engine skips a listener
 * that is 100 ms behind (trap dockerode-10). It has no deadline, because an idle engine is silent forever.
 */
async function* follow(engine: EngineClient, request: Request, signal: AbortSignal): AsyncGenerator<EngineEvent> {
  if (signal.aborted) return;
  const state: { waiting: EngineEvent[]; ended: { readonly failure: unknown } | null; wake: () => void } = {
    waiting: [],
    ended: null,
    wake: () => {},
  };
  const left = new AbortController();

  const reading = engine
    .call(
      {
        verb: 'events',
        method: 'GET',
        path: '/events',
        query: eventQuery(request.since),
        longLived: true,
        endless: true,
        deadlineMs: OPEN_MS,
        options: { signal: AbortSignal.any([signal, left.signal]) },
      },
      async (answer) => {
        request.onOpen?.();
        const lines = createLineSplitter();
        const take = (line: string) => {
          const event = eventFrom(line);
          if (event !== null) state.waiting.push(event);
          if (state.waiting.length > MOST_WAITING)
            throw new EngineError(
              'unreachable',
              'events',
              `The reader of the event stream fell behind by ${MOST_WAITING} events`,
            );
        };
        for await (const chunk of answer as AsyncIterable<Buffer>) {
          lines.push(chunk).forEach(take);
          state.wake();
        }
        const rest = lines.rest();
        if (rest !== '') take(rest);
      },
    )
    .then(
      () => null,
      (failure: unknown) => failure,
    )
    .then((failure) => {
      state.ended = { failure };
      state.wake();
    });

  try {
    while (!signal.aborted) {
      const batch = state.waiting;
      state.waiting = [];
      for (const event of batch) {
        if (signal.aborted) return;
        yield event;
      }
      if (state.waiting.length > 0) continue;
      if (state.ended !== null) return endOf(state.ended, signal);
      await new Promise<void>((resolve) => (state.wake = resolve));
    }
  } finally {
    left.abort();
    await reading;
  }
}

function endOf({ failure }: { readonly failure: unknown }, signal: AbortSignal): void {
  if (failure !== null && !signal.aborted) throw failure;
}
