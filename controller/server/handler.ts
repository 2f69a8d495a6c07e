import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Clock } from '../model/clock.js';
import { readNames } from './approve-route.js';
import { clear, type Clear } from './clear-route.js';
import { collect, type Collect } from './gc-route.js';
import { isHook, type HookReceiver } from './webhook-route.js';
import { isTrustedHost } from './host-check.js';
import { REPLY_HEADERS } from './line-stream.js';
import { answer, cacheOfAction, failure, json, splitTarget, type Reply, type RouteContext } from './routes.js';
import { actOnSource, sourceAction, type ActOnSource } from './source-route.js';

export type Approve = (names: readonly string[] | null) => { readonly approved: readonly string[] };

export interface HandlerOptions {
  readonly context: RouteContext;
  /** The host whose name the API answers to besides localhost and addresses; null on the Unix socket. */
  readonly listenHost: string | null;
  /** Null where nothing may be changed. */
  readonly onApprove: Approve | null;
  /** Null where nothing may be changed. */
  readonly onClear: Clear | null;
  /** Null where nothing may be changed. */
  readonly onGc: Collect | null;
  /** Null where nothing may be changed. */
  readonly onSource: ActOnSource | null;
  /** Null where no hooks are taken. */
  readonly onHook: HookReceiver | null;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

const APPROVE = '/api/v1/approve';
const LONGEST_TARGET = 2048;
const READS = 'GET, HEAD';

export function createHandler(options: HandlerOptions): RequestListener {
  return (request, response) => {
    // A peer that goes away is its own business.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    reply(options, request, response).then(
      (result) => result !== null && send(request, response, result),
      (error: unknown) => {
        options.onError(error);
        send(request, response, failure(500, 'internal error; the controller has logged it'));
      },
    );
  };
}

/** Null: it has been answered, line by line. */
async function reply(
  options: HandlerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Reply | null> {
  const target = request.url ?? '/';
  if (target.length > LONGEST_TARGET) return failure(414, `the address is longer than ${LONGEST_TARGET} characters`);
  const { path } = splitTarget(target);
  if (
    path.startsWith('/api/') &&
    options.listenHost !== null &&
    !isTrustedHost(request.headers.host, options.listenHost)
  ) {
    return failure(403, 'ask for localhost, for an address, or for the host name of --listen');
  }
  // For any Host: hooks come through proxies, and what a web page sends has no signature.
  if (options.onHook !== null && isHook(path)) return options.onHook(path, request);
  if (path === APPROVE) return approve(options, request);
  const toClear = cacheOfAction(path, 'clear');
  if (toClear !== null) return clear(toClear, request, options.onClear, options.context.store);
  const toCollect = cacheOfAction(path, 'gc');
  if (toCollect !== null) return collect(toCollect, request, response, { ...options, store: options.context.store });
  const onSource = sourceAction(path);
  if (onSource !== null) return actOnSource(onSource, request, options.onSource);
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  // Whether the path exists is the same question for every method.
  const found = await answer(options.context, target);
  if (found === null) return failure(404, `there is nothing at ${path}`);
  return isRead ? found : failure(405, `${path} is read only`, { Allow: READS });
}

async function approve({ onApprove }: HandlerOptions, request: IncomingMessage): Promise<Reply> {
  if (onApprove === null) return failure(404, 'changes go over the Unix socket: use kalpana approve');
  if (request.method !== 'POST') return failure(405, `${APPROVE} takes POST`, { Allow: 'POST' });
  const names = await readNames(request);
  return 'error' in names ? failure(names.status, names.error) : json(200, onApprove(names.names));
}

function send(request: IncomingMessage, response: ServerResponse, { status, contentType, body, headers }: Reply): void {
  if (response.headersSent || response.destroyed) return;
  // A body nobody reads must not keep the connection busy.
  const leftover = !request.complete && hasBody(request) ? { Connection: 'close' } : {};
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    ...REPLY_HEADERS,
    ...leftover,
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}
