import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../model/clock.js';
import type { GcNews } from '../model/gc-status.js';
import type { StatusReader } from '../status/store.js';
import { readJson, type BadBody } from './json-body.js';
import { createLineStream, type LineStream } from './line-stream.js';
import { failure, type Reply } from './reply.js';

/**
 * Collects a cache's garbage, or with `dryRun` finds out what a collection would delete. The last news is `run`,
 * `preview` or `refused`. Rejects with a message of one line for an unknown cache. May take its whole deadline, and
 * continues when the peer is gone.
 */
export type Collect = (
  cache: string,
  options: { readonly dryRun: boolean },
  onNews: (news: GcNews) => void,
) => Promise<void>;

export interface CollectContext {
  /** Null when this address accepts no changes. */
  readonly onGc: Collect | null;
  readonly store: StatusReader;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/**
 * After this time without news, in ms, the last progress is sent again, because the client and our sockets consider a
 * silent peer dead.
 */
const KEEP_ALIVE_MS = 10_000;

/**
 * Answers `POST /api/v1/caches/CACHE/gc`: returns null once it has answered with one `GcNews` per line, or else the
 * refusal to send. A peer that disconnects does not stop the collection.
 */
export async function gcRoute(
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
  const reporter = createReporter(cache, lines, clock);
  // When the peer is gone, no timer may be left that keeps the process alive.
  response.once('close', reporter.stop);
  if (response.destroyed) reporter.stop();
  try {
    await onGc(cache, { dryRun: body.dryRun }, reporter.report);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const isGone = store.cache(cache) === null;
    // For an existing cache, `onGc` always ends with news, so a rejection is a bug.
    if (!isGone) onError(error);
    if (!lines.begun()) return failure(isGone ? 404 : 409, message);
    reporter.report({ type: 'refused', cache, message });
  } finally {
    reporter.stop();
  }
  lines.end();
  return null;
}

/** Forwards news, and repeats the last progress after a silence. */
function createReporter(cache: string, lines: LineStream, clock: Clock) {
  let last: GcNews = { type: 'progress', cache, message: 'waiting for its turn' };
  let cancel = clock.after(KEEP_ALIVE_MS, keepAlive);
  let stopped = false;

  function report(news: GcNews): void {
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
    report(last);
  }

  function stop(): void {
    stopped = true;
    cancel();
  }

  return { report, stop };
}

/**
 * Reads `{"dryRun": true}`; no body, or an empty object, means false. Other fields are rejected, because a misspelt one
 * must not turn a preview into a collection.
 */
async function readDryRun(request: IncomingMessage): Promise<{ readonly dryRun: boolean } | BadBody> {
  const body = await readJson(request);
  if ('error' in body) return body;
  const { value } = body;
  const wrong = { status: 400, error: 'the body must be JSON such as {"dryRun": true}' };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong;
  if (Object.keys(value).some((key) => key !== 'dryRun')) return wrong;
  const dryRun: unknown = 'dryRun' in value ? value.dryRun : false;
  return typeof dryRun === 'boolean' ? { dryRun } : wrong;
}
