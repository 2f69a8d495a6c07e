import { Agent as HttpAgent, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createRequire } from 'node:module';
import type { Readable } from 'node:stream';
import { inspect } from 'node:util';
import type { DockerOptions } from 'dockerode';
import type { EngineEndpoint } from './endpoint.js';
import { messageOf } from './error-words.js';
import { oneLine } from './engine-failures.js';
import { EngineError } from './port.js';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** The path with the API version and without a query; its segments are escaped. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
  /**
   * A tar as the body. When the stream fails, the request is cut off, so that the engine never takes the tar for
   * complete.
   */
  readonly archive?: Buffer | Readable;
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Whether the request holds its connection for long (a stop's grace period, a stream); it is then not limited
   * together with the short requests.
   */
  readonly longLived?: boolean;
}

export interface Transport {
  /**
   * Sends a request and returns the head of the answer, whatever its status; the caller reads the body. `signal`
   * destroys both.
   */
  send(request: HttpRequest, signal: AbortSignal): Promise<IncomingMessage>;
  close(): void;
}

/** The only function of docker-modem that we use; dockerode's types do not describe it. */
interface Modem {
  dial(
    options: {
      readonly path: string;
      readonly method: string;
      readonly isStream: true;
      readonly statusCodes: Readonly<Record<number, true>>;
      readonly abortSignal: AbortSignal;
      readonly headers: Record<string, string>;
      readonly file?: Buffer | Readable;
      readonly options: { readonly _query: Readonly<Record<string, string>>; readonly _body: object };
    },
    callback: (error: Error | null, answer: IncomingMessage) => void,
  ): void;
}

const SHORT_CALLS_AT_ONCE = 16;
const EVERY_STATUS = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [index + 100, true as const]));

/**
 * Sends requests through dockerode's connection, but reads the answers with our own code: dockerode's methods never
 * settle on a cut answer, resolve truncated JSON with a Buffer and ignore a failed pull (traps dockerode-1, dockerode-2
 * and dockerode-5). A connection serves one request. Keeping it alive would save 0.06 to 0.13 ms of 0.3 to 0.9 ms on a
 * socket, and would lose requests when the engine closes an idle connection.
 */
export function openTransport(endpoint: EngineEndpoint): Transport {
  const agents = { short: newAgent(endpoint, SHORT_CALLS_AT_ONCE), long: newAgent(endpoint, Infinity) };
  let modems: Promise<{ short: Modem; long: Modem }> | null = null;

  async function loadModems() {
    // Loaded at the first request, because offline commands need no engine. Only dockerode's connection is loaded: its
    // gRPC session, which nothing here uses, takes 90 ms more at every start and 14 MB permanently (Node 20, measured).
    const fromDockerode = createRequire(createRequire(import.meta.url).resolve('dockerode'));
    const DockerModem = fromDockerode('docker-modem') as new (options: object) => Modem;
    const open = (agent: HttpAgent) => new DockerModem({ ...connection(endpoint), agent });
    return { short: open(agents.short), long: open(agents.long) };
  }

  /**
   * Forgets the modems after a failed load: docker-modem also reads certificates that the environment names, and throws
   * when it cannot.
   */
  function forgetModems(error: unknown): never {
    modems = null;
    throw new EngineError('unreachable', 'connect', `dockerode cannot be set up: ${oneLine(messageOf(error))}`, null, {
      cause: error,
    });
  }

  return {
    async send(request, signal) {
      const { short, long } = await (modems ??= loadModems().catch(forgetModems));
      signal.throwIfAborted();
      return dial(request.longLived === true ? long : short, request, signal);
    },
    close() {
      agents.short.destroy();
      agents.long.destroy();
    },
  };
}

function dial(modem: Modem, request: HttpRequest, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    modem.dial(
      {
        path: `${request.path}?`,
        method: request.method,
        isStream: true,
        statusCodes: EVERY_STATUS,
        abortSignal: signal,
        // Otherwise an agent with a limit on its sockets keeps them for the requests in its queue.
        headers: { Connection: 'close', ...request.headers },
        ...(request.archive === undefined ? {} : { file: request.archive }),
        options: { _query: request.query ?? {}, _body: request.body ?? {} },
      },
      (error, answer) => {
        if (error !== null) return reject(error);
        // An error between two reads must not end the process; the next read reports it.
        answer.on('error', () => undefined);
        // The signal of the request has no effect once the request is sent, so the answer needs its own listener.
        signal.addEventListener('abort', () => answer.destroy(), { once: true });
        resolve(answer);
      },
    );
  });
}

/**
 * Every option is set, even if only to undefined, because docker-modem reads omitted ones from the process's
 * environment.
 */
function connection(endpoint: EngineEndpoint): DockerOptions & { readonly pathPrefix: string } {
  const common = {
    timeout: undefined,
    connectionTimeout: undefined,
    headers: {},
    pathPrefix: '/',
    username: undefined,
    version: undefined,
  };
  if (endpoint.kind === 'socket') {
    return {
      ...common,
      socketPath: endpoint.socketPath,
      host: undefined,
      port: undefined,
      protocol: 'http',
      ca: undefined,
      cert: undefined,
      key: undefined,
    };
  }
  return {
    ...common,
    socketPath: undefined,
    host: endpoint.hostname,
    port: endpoint.port,
    protocol: endpoint.protocol,
    ca: endpoint.tls?.ca ?? undefined,
    cert: endpoint.tls?.cert ?? undefined,
    key: endpoint.tls?.key?.reveal(),
  };
}

function newAgent(endpoint: EngineEndpoint, maxSockets: number): HttpAgent {
  const options = { keepAlive: false, maxSockets };
  const agent =
    endpoint.kind === 'tcp' && endpoint.protocol === 'https'
      ? new HttpsAgent({ ...options, rejectUnauthorized: endpoint.tls?.verify !== false })
      : new HttpAgent(options);
  // docker-modem inspects all options of every request for a debug line, even when it is not printed. With the agent's
  // sockets among them, 16 concurrent calls took 37 ms each; without them, 0.3 ms.
  return withoutRedirects(Object.assign(agent, { [inspect.custom]: () => 'Agent' }));
}

/**
 * docker-modem follows every `Location` by itself, with a request that has no error listener, so its first error would
 * end the process. The engine never redirects our requests, so the header is removed before docker-modem sees it.
 */
function withoutRedirects(agent: HttpAgent): HttpAgent {
  const inner = agent as unknown as { addRequest(request: ClientRequest, ...rest: readonly unknown[]): void };
  const addRequest = inner.addRequest.bind(agent);
  inner.addRequest = (request, ...rest) => {
    request.prependListener('response', (answer: IncomingMessage) => void delete answer.headers.location);
    addRequest(request, ...rest);
  };
  return agent;
}
