import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../model/clock.js';
import type { StatusReader } from '../status/store.js';
import { readJson, type BadBody } from './json-body.js';
import { createLineStream, type LineStream } from './line-stream.js';
import { failure, type Reply } from './reply.js';

/** News of a long run in a cache: its progress, and at the end why it was refused, or a result of another type. */
export type News<Result> =
  | { readonly type: 'progress'; readonly cache: string; readonly message: string }
  | { readonly type: 'refused'; readonly cache: string; readonly message: string }
  | Result;

export interface NewsContext {
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
 * Runs `work` and answers with its news, one JSON document per line; returns null then, or else the refusal to send. A
 * peer that disconnects does not stop the work.
 */
export async function answerWithNews<Result extends { readonly type: string }>(
  cache: string,
  response: ServerResponse,
  { store, clock, onError }: NewsContext,
  work: (onNews: (news: News<Result>) => void) => Promise<void>,
): Promise<Reply | null> {
  if (store.cache(cache) === null) return failure(404, `there is no cache '${cache}'`);
  const lines = createLineStream(response);
  const reporter = createReporter<Result>(cache, lines, clock);
  // When the peer is gone, no timer may be left that keeps the process alive.
  response.once('close', reporter.stop);
  if (response.destroyed) reporter.stop();
  try {
    await work(reporter.report);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const isGone = store.cache(cache) === null;
    // For an existing cache, the work always ends with news, so a rejection is a bug.
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
function createReporter<Result extends { readonly type: string }>(cache: string, lines: LineStream, clock: Clock) {
  let last: News<Result> = { type: 'progress', cache, message: 'waiting for its turn' };
  let cancel = clock.after(KEEP_ALIVE_MS, keepAlive);
  let stopped = false;

  function report(news: News<Result>): void {
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
 * Reads a body such as `{"dryRun": true}`; no body, or an empty object, means false. Other fields are rejected, because
 * a misspelt one must not turn a preview into a collection.
 */
export async function readFlag(request: IncomingMessage, name: string): Promise<{ readonly flag: boolean } | BadBody> {
  const body = await readJson(request);
  if ('error' in body) return body;
  const { value } = body;
  const wrong = { status: 400, error: `the body must be JSON such as {"${name}": true}` };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong;
  if (Object.keys(value).some((key) => key !== name)) return wrong;
  const flag: unknown = name in value ? (value as Readonly<Record<string, unknown>>)[name] : false;
  return typeof flag === 'boolean' ? { flag } : wrong;
}
