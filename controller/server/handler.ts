import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Clock } from '../model/clock.js';
import { APPROVE, approveRoute, type Approve } from './approve-route.js';
import { clearRoute, type Clear } from './clear-route.js';
import { gcRoute, type Collect } from './gc-route.js';
import { isTrustedHost } from './host-check.js';
import { cacheOfAction, splitTarget } from './paths.js';
import { answer, type RouteContext } from './read-routes.js';
import { failure, REPLY_HEADERS, type Reply } from './reply.js';
import { sourceRequest, sourceRoute, type ActOnSource } from './source-route.js';
import { verifyRoute, type Verify } from './verify-route.js';
import { isWebhook, type WebhookReceiver } from './webhook-route.js';

export interface HandlerOptions {
  readonly context: RouteContext;
  /** The host name that the API accepts in addition to localhost and addresses; null on the Unix socket. */
  readonly listenHost: string | null;
  /** Null when this address accepts no changes. */
  readonly onApprove: Approve | null;
  /** Null when this address accepts no changes. */
  readonly onClear: Clear | null;
  /** Null when this address accepts no changes. */
  readonly onGc: Collect | null;
  /** Null when this address accepts no changes. */
  readonly onVerify: Verify | null;
  /** Null when this address accepts no changes. */
  readonly onSource: ActOnSource | null;
  /** Null when this address accepts no webhooks. */
  readonly onWebhook: WebhookReceiver | null;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

const LONGEST_TARGET = 2048;
const READS = 'GET, HEAD';

/**
 * Creates the handler of all requests at one address. When an answer fails, the error is reported and the status is
 * 500.
 */
export function createHandler(options: HandlerOptions): RequestListener {
  return (request, response) => {
    // A peer may disconnect at any time; that is not our error.
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

/** Returns the reply to send, or null when the request has already been answered line by line. */
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
  // Webhooks are accepted with any Host header: they come through proxies, and a web page cannot sign what it sends.
  if (options.onWebhook !== null && isWebhook(path)) return options.onWebhook(path, request);
  if (path === APPROVE) return approveRoute(request, options.onApprove);
  const toClear = cacheOfAction(path, 'clear');
  if (toClear !== null) return clearRoute(toClear, request, options.onClear, options.context.store);
  const toCollect = cacheOfAction(path, 'gc');
  if (toCollect !== null) return gcRoute(toCollect, request, response, { ...options, store: options.context.store });
  const toVerify = cacheOfAction(path, 'verify');
  if (toVerify !== null) return verifyRoute(toVerify, request, response, { ...options, store: options.context.store });
  const forSource = sourceRequest(path);
  if (forSource !== null) return sourceRoute(forSource, request, options.onSource);
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  // The path is looked up for every method, so that an unknown path gives 404 and not 405.
  const found = await answer(options.context, target);
  if (found === null) return failure(404, `there is nothing at ${path}`);
  return isRead ? found : failure(405, `${path} is read only`, { Allow: READS });
}

function send(request: IncomingMessage, response: ServerResponse, { status, contentType, body, headers }: Reply): void {
  if (response.headersSent || response.destroyed) return;
  // A body that nobody reads must not keep the connection busy.
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
