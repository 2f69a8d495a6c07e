import type { IncomingMessage } from 'node:http';
import type { StatusReader } from '../status/store.js';
import { readJson, type BadBody } from './json-body.js';
import { failure, json, type Reply } from './reply.js';

export type ClearResult =
  { readonly ok: true; readonly message: string } | { readonly ok: false; readonly error: string };

/** Empties a cache; with `force`, even while workspaces run with it. May take minutes. */
export type Clear = (cache: string, force: boolean) => Promise<ClearResult>;

/**
 * Answers `POST /api/v1/caches/CACHE/clear` when the cache is empty again. `onClear` is null when this address accepts
 * no changes.
 */
export async function clearRoute(
  cache: string,
  request: IncomingMessage,
  onClear: Clear | null,
  store: StatusReader,
): Promise<Reply> {
  if (onClear === null) return failure(404, 'changes go over the Unix socket: use kalpana cache clear');
  if (request.method !== 'POST') return failure(405, 'clear takes POST', { Allow: 'POST' });
  const body = await readForce(request);
  if ('error' in body) return failure(body.status, body.error);
  if (store.cache(cache) === null) return failure(404, `there is no cache '${cache}'`);
  const result = await withoutTimeout(request, () => onClear(cache, body.force));
  return result.ok ? json(200, { message: result.message }) : failure(409, result.error);
}

/** Reads `{"force": true}`; no body, or a body without `force`, means false. */
async function readForce(request: IncomingMessage): Promise<{ readonly force: boolean } | BadBody> {
  const body = await readJson(request);
  if ('error' in body) return body;
  const wrong = { status: 400, error: 'the body must be JSON such as {"force": true}' };
  if (typeof body.value !== 'object' || body.value === null || Array.isArray(body.value)) return wrong;
  const force: unknown = 'force' in body.value ? body.value.force : false;
  return typeof force === 'boolean' ? { force } : wrong;
}

/**
 * Runs `work` without the timeout of the socket, which ends connections to peers that do not read; this peer waits for
 * our answer in silence.
 */
async function withoutTimeout<T>({ socket }: IncomingMessage, work: () => Promise<T>): Promise<T> {
  const usual = socket.timeout ?? 0;
  socket.setTimeout(0);
  try {
    return await work();
  } finally {
    socket.setTimeout(usual);
  }
}
