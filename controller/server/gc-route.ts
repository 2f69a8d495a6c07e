import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GcNews } from '../model/gc-status.js';
import { answerWithNews, readFlag, type NewsContext } from './news-stream.js';
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

export interface CollectContext extends NewsContext {
  /** Null when this address accepts no changes. */
  readonly onGc: Collect | null;
}

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
  const { onGc } = context;
  if (onGc === null) return failure(404, 'changes go over the Unix socket: use kalpana gc');
  if (request.method !== 'POST') return failure(405, 'gc takes POST', { Allow: 'POST' });
  const body = await readFlag(request, 'dryRun');
  if ('error' in body) return failure(body.status, body.error);
  return answerWithNews<GcNews>(cache, response, context, (onNews) => onGc(cache, { dryRun: body.flag }, onNews));
}
