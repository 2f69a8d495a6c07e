import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../model/clock.js';
import type { GcNews } from '../model/gc-status.js';
import type { StatusReader } from '../status/store.js';
import { readJson, type Refusal } from './json-body.js';
import { createLineStream, type LineStream } from './line-stream.js';
import { failure, type Reply } from './routes.js';

/**
 * Collects a cache's garbage, or with `dryRun` finds out what would go. The last news is `run`, `preview` or `refused`.
 * Rejects, with one line, for a cache that it does not know. May take its whole deadline; it runs on when nobody listens.
 */
export type Collect = (
  cache: string,
  options: { readonly dryRun: boolean },
  onNews: (news: GcNews) => void,
) => Promise<void>;

export interface CollectContext {
  /** Null where nothing may be changed. */
  readonly onGc: Collect | null;
  readonly store: StatusReader;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** After so long without news the last progress is told again: a silence means a dead peer, to the client and to our sockets. */
const KEEP_ALIVE_MS = 10_000;

/** Null: answered, with one `GcNews` a line. A peer that goes away does not stop the run. */
export async function collect(
  cache: string,
  request: IncomingMessage,
  response: ServerResponse,
  context: CollectContext,
): Promise<Reply | null> {
  const { onGc, store, clock, onError } = context;
  if (onGc === null) return failure(404, 'changes go over the Unix socket: use kalpana gc');
  if (request.method !== 'POST') return failure(405, 'gc takes POST', { Allow: 'POST' });
  const body = await readDryRun(request);
  if ('error' in body) return failure(body.status, body.error);
  if (store.cache(cache) === null) return failure(404, `there is no cache '${cache}'`);
  const lines = createLineStream(response);
  const teller = createTeller(cache, lines, clock);
  // With nobody to tell there is no timer left that would keep a process from its end.
  response.once('close', teller.stop);
  if (response.destroyed) teller.stop();
  try {
    await onGc(cache, { dryRun: body.dryRun }, teller.tell);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const isGone = store.cache(cache) === null;
    // Of a cache that there is, `onGc` owes news whatever happens: this is a fault of ours.
    if (!isGone) onError(error);
    if (!lines.begun()) return failure(isGone ? 404 : 409, message);
    teller.tell({ type: 'refused', cache, message });
  } finally {
    teller.stop();
  }
  lines.end();
  return null;
}

/** Passes news on, and breaks silences. */
function createTeller(cache: string, lines: LineStream, clock: Clock) {
  let last: GcNews = { type: 'progress', cache, message: 'waiting for its turn' };
  let cancel = clock.after(KEEP_ALIVE_MS, keepAlive);
  let stopped = false;

  function tell(news: GcNews): void {
    if (stopped) return;
    if (news.type === 'progress') {
      last = news;
      lines.hint(news);
    } else {
      lines.write(news);
    }
    cancel();
    cancel = clock.after(KEEP_ALIVE_MS, keepAlive);
  }

  function keepAlive(): void {
    tell(last);
  }

  function stop(): void {
    stopped = true;
    cancel();
  }

  return { tell, stop };
}

/** Reads `{"dryRun": true}`; no body, or an empty object, means false. A misspelt field must not turn a question into a collection. */
async function readDryRun(request: IncomingMessage): Promise<{ readonly dryRun: boolean } | Refusal> {
  const body = await readJson(request);
  if ('error' in body) return body;
  const { value } = body;
  const wrong = { status: 400, error: 'the body must be JSON such as {"dryRun": true}' };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong;
  if (Object.keys(value).some((key) => key !== 'dryRun')) return wrong;
  const dryRun: unknown = 'dryRun' in value ? value.dryRun : false;
  return typeof dryRun === 'boolean' ? { dryRun } : wrong;
}
