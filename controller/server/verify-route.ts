import type { IncomingMessage, ServerResponse } from 'node:http';
import type { VerifyNews } from '../model/verify-status.js';
import { answerWithNews, readFlag, type NewsContext } from './news-stream.js';
import { failure, type Reply } from './reply.js';

/**
 * Looks through a cache's store, and with `repair` mends what is damaged. The last news is `run` or `refused`. Rejects
 * with a message of one line for an unknown cache. May take hours, and continues when the peer is gone.
 */
export type Verify = (
  cache: string,
  options: { readonly repair: boolean },
  onNews: (news: VerifyNews) => void,
) => Promise<void>;

export interface VerifyContext extends NewsContext {
  /** Null when this address accepts no changes. */
  readonly onVerify: Verify | null;
}

/**
 * Answers `POST /api/v1/caches/CACHE/verify`: returns null once it has answered with one `VerifyNews` per line, or else
 * the refusal to send.
 */
export async function verifyRoute(
  cache: string,
  request: IncomingMessage,
  response: ServerResponse,
  context: VerifyContext,
): Promise<Reply | null> {
  const { onVerify } = context;
  if (onVerify === null) return failure(404, 'changes go over the Unix socket: use kalpana cache verify');
  if (request.method !== 'POST') return failure(405, 'verify takes POST', { Allow: 'POST' });
  const body = await readFlag(request, 'repair');
  if ('error' in body) return failure(body.status, body.error);
  return answerWithNews<VerifyNews>(cache, response, context, (onNews) =>
    onVerify(cache, { repair: body.flag }, onNews),
  );
}
