import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { systemClock, type Clock } from '../model/clock.js';
import type { Clear } from './clear-route.js';
import type { Collect } from './gc-route.js';
import type { Approve } from './approve-route.js';
import { createHandler } from './handler.js';
import type { Verify } from './verify-route.js';
import { createWebhookReceiver, type Webhooks } from './webhook-route.js';
import { formatAddress, parseListenAddress } from './listen-address.js';
import type { Health, RouteContext } from './read-routes.js';
import type { ActOnSource } from './source-route.js';
import { listenOnPort } from './tcp.js';
import { listenOnSocket } from './unix-socket.js';

export interface ServerOptions {
  /** The address `host:port`, or null for no TCP port. */
  readonly listen: string | null;
  /** The path of the socket that accepts changes, with mode 0600, or null for none. Its directory must exist. */
  readonly socketPath: string | null;
  readonly store: RouteContext['store'];
  readonly metrics: RouteContext['metrics'];
  readonly health: () => Health;
  readonly onApprove?: Approve;
  /** Only called for a cache that exists. */
  readonly onClear?: Clear;
  /** Only called for a cache that exists. */
  readonly onGc?: Collect;
  /** Only called for a cache that exists. */
  readonly onVerify?: Verify;
  readonly onSource?: ActOnSource;
  /**
   * Accepts `POST /hooks/git/SOURCE` on the TCP port, the only request there that changes anything. When omitted, no
   * request there does.
   */
  readonly webhooks?: Webhooks;
  /** The clock for keep-alives in long answers and for the rate limit of webhooks; the system's clock by default. */
  readonly clock?: Clock;
  /** The silence after which a connection is closed, in ms. */
  readonly socketTimeoutMs?: number;
  /** The time within which a request must arrive completely, or its connection is closed, in ms. */
  readonly requestTimeoutMs?: number;
  /** Called with the error when an answer fails; the peer gets a 500. */
  readonly onError: (error: unknown) => void;
}

export interface ControllerServer {
  /**
   * Starts to listen. `address` is `host:port`, or null without a TCP port. Throws an error of one line that says what
   * to do; nothing listens then.
   */
  start(): Promise<{ readonly address: string | null }>;
  /** Stops within a second; requests that are being answered have half of it. */
  stop(): Promise<void>;
}

const GRACE_MS = 500;
const SOCKET_TIMEOUT_MS = 30_000;
const REQUEST_TIMEOUT_MS = 10_000;
const HEADERS_TIMEOUT_MS = 5_000;

/** Creates the server of metrics, probes and the API; it does not listen before `start`. */
export function createServer(options: ServerOptions): ControllerServer {
  const { store, metrics, health, onError } = options;
  const common = { context: { store, metrics, health }, clock: options.clock ?? systemClock, onError };
  const running: Server[] = [];

  async function start(): Promise<{ address: string | null }> {
    const wanted = options.listen === null ? null : parseListenAddress(options.listen);
    try {
      // The socket comes first, because it is the lock of the state directory.
      if (options.socketPath !== null) {
        const handler = createHandler({
          ...common,
          listenHost: null,
          onApprove: options.onApprove ?? null,
          onClear: options.onClear ?? null,
          onGc: options.onGc ?? null,
          onVerify: options.onVerify ?? null,
          onSource: options.onSource ?? null,
          onWebhook: null,
        });
        const server = open(handler);
        await listenOnSocket(server, options.socketPath);
        server.on('error', onError);
      }
      if (wanted === null) return { address: null };
      const { webhooks } = options;
      const onWebhook = webhooks === undefined ? null : createWebhookReceiver(webhooks, common.clock);
      const handler = createHandler({
        ...common,
        listenHost: wanted.host,
        onApprove: null,
        onClear: null,
        onGc: null,
        onVerify: null,
        onSource: null,
        onWebhook,
      });
      const server = open(handler);
      const address = formatAddress(await listenOnPort(server, wanted));
      server.on('error', onError);
      return { address };
    } catch (error) {
      await stop();
      throw error;
    }
  }

  function open(handler: RequestListener): Server {
    const server = createBoundedServer(handler, options);
    running.push(server);
    return server;
  }

  async function stop(): Promise<void> {
    await Promise.all(running.splice(0).map(close));
  }

  return { start, stop };
}

/**
 * Creates an HTTP server with limits on sizes and times. Node itself answers headers that are too large (431), slow
 * (408) or malformed (400).
 */
function createBoundedServer(
  handler: RequestListener,
  { socketTimeoutMs = SOCKET_TIMEOUT_MS, requestTimeoutMs = REQUEST_TIMEOUT_MS }: ServerOptions,
): Server {
  const server = createHttpServer(
    {
      maxHeaderSize: 8 * 1024,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: Math.min(1_000, requestTimeoutMs),
    },
    handler,
  );
  server.maxConnections = 256;
  // Closes the connection of a peer that does not read its answer.
  server.setTimeout(socketTimeoutMs);
  return server;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) return resolve();
    const deadline = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    server.close(() => {
      clearTimeout(deadline);
      resolve();
    });
    server.closeIdleConnections();
  });
}
