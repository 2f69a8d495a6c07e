import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Clock } from '../model/clock.js';
import { readBody } from './read-body.js';
import { withDeadline, type Scope } from './deadline.js';
import { statusFailure, transportFailure } from './engine-failures.js';
import { EngineError, type CallOptions } from './port.js';
import { chooseVersion, createSession, type EngineVersion, type Session } from './session.js';
import { parseJson } from './shapes.js';
import type { HttpRequest, Transport } from './transport.js';

export interface Call extends HttpRequest {
  /** The port's verb, for errors and measures. */
  readonly verb: string;
  readonly deadlineMs: number;
  /** Takes 304, "it is so already", for success. */
  readonly unchangedIsSuccess?: boolean;
  /** The answer is a stream without an end: the deadline and the measure are those of its head. */
  readonly endless?: boolean;
  readonly options?: CallOptions | undefined;
  /** The scope of the call that this one is a part of: it has that one's deadline and ends with it. */
  readonly within?: Scope;
}

export interface RequestMeasure {
  readonly verb: string;
  /** The HTTP status, or the `EngineFailureKind` where there was none or the answer was unusable. */
  readonly code: string;
  readonly seconds: number;
}

type ReadAnswer<T> = (answer: IncomingMessage, scope: Scope) => Promise<T>;

/**
 * What the verbs are built on: one call, bounded in time, whose answer `read` reads. Throws nothing but `EngineError`.
 */
export interface EngineClient {
  call<T>(call: Call, read: ReadAnswer<T>): Promise<T>;
  /** Reads a JSON answer whole. */
  json<T>(call: Call, read: (answer: unknown) => T): Promise<T>;
  /** Makes a call for its effect; reads the answer and drops it. */
  effect(call: Call): Promise<void>;
  /** Asks the engine for its version now, and speaks that from then on. */
  version(options?: CallOptions): Promise<EngineVersion>;
  /** Ends all calls as `aborted`, and closes the connections. */
  close(): void;
}

export interface ClientOptions {
  readonly clock: Clock;
  readonly onRequest: (measure: RequestMeasure) => void;
}

const VERSION_DEADLINE_MS = 30_000;
const LARGEST_ERROR = 64 * 1024;

/** An engine as one client reaches it. */
interface Link extends ClientOptions {
  /** The engine's address, for messages. */
  readonly host: string;
  readonly transport: Transport;
  readonly session: Session;
  readonly closed: AbortController;
}

/** Makes a client that has not asked the engine for anything yet: the first call negotiates the API version. */
export function createEngineClient(host: string, transport: Transport, options: ClientOptions): EngineClient {
  const session = createSession(() => negotiate(link));
  const link: Link = { ...options, host, transport, session, closed: new AbortController() };
  return {
    call: (request, read) => callEngine(link, request, read),
    json: (request, read) => callEngine(link, request, async (answer) => read(parseJson(await readBody(answer), 'it'))),
    effect: (request) => callEngine(link, request, async (answer) => void (await readBody(answer))),
    async version(callOptions) {
      session.forget();
      const version = await negotiate(link, callOptions);
      session.remember(version);
      return version;
    },
    close() {
      link.closed.abort();
      transport.close();
    },
  };
}

async function callEngine<T>(link: Link, request: Call, read: ReadAnswer<T>): Promise<T> {
  refuseOddPath(request);
  const { session } = link;
  try {
    return await bounded(link, request, async (scope) => {
      try {
        return await attempt(link, request, scope, read);
      } catch (error) {
        // A stream cannot be sent a second time.
        if (!isVersionMismatch(error) || request.archive instanceof Readable) throw error;
        session.forget();
        return attempt(link, request, scope, read);
      }
    });
  } catch (error) {
    const failure = transportFailure(request.verb, link.host, error);
    if (failure.kind === 'unreachable') session.forget();
    if (failure.verb === request.verb) throw failure;
    throw new EngineError(failure.kind, request.verb, failure.message, failure.status, { cause: failure });
  }
}

async function attempt<T>(link: Link, call: Call, scope: Scope, read: ReadAnswer<T>): Promise<T> {
  const { api } = await link.session.current();
  return exchange(link, { ...call, path: `/v${api}${call.path}` }, scope, read);
}

/**
 * Asks for `/version`, without a version in the path, and not for one caller: nobody's abort takes it from the others.
 */
async function negotiate(link: Link, options?: CallOptions): Promise<EngineVersion> {
  const { host } = link;
  const deadlineMs = options?.deadlineMs ?? VERSION_DEADLINE_MS;
  const call: Call = { verb: 'version', method: 'GET', path: '/version', deadlineMs, options };
  const read = async (answer: IncomingMessage) =>
    chooseVersion(parseJson(await readBody(answer), 'the answer to /version'));
  try {
    return await bounded(link, call, (scope) => exchange(link, call, scope, read));
  } catch (error) {
    const failure = transportFailure('version', host, error);
    if (failure.kind !== 'not-found') throw failure;
    // A 404 must not pass for the absence of what the caller asked about.
    const words = `What listens at ${host} is no Docker engine: it knows no /version`;
    throw new EngineError('malformed', 'version', words, failure.status, { cause: failure });
  }
}

function bounded<T>({ clock, closed }: Link, call: Call, work: (scope: Scope) => Promise<T>): Promise<T> {
  if (call.within !== undefined) return work(call.within);
  const ms = call.options?.deadlineMs ?? call.deadlineMs;
  return withDeadline({ verb: call.verb, ms, clock, signals: [call.options?.signal, closed.signal] }, work);
}

/** One request and its answer, measured once: when it has ended, or when the head of an endless stream has come. */
async function exchange<T>(link: Link, call: Call, scope: Scope, read: ReadAnswer<T>): Promise<T> {
  const measure = createMeasure(link, call.verb);
  let status: number | null = null;
  try {
    const result = await endWithScope(scope, async () => {
      const answer = await link.transport.send(call, scope.signal);
      scope.touch();
      status = answer.statusCode ?? 0;
      if (!isSuccess(status, call)) throw await errorAnswer(call.verb, status, answer);
      if (call.endless === true) {
        scope.untimed();
        measure(String(status));
      }
      return read(answer, scope);
    });
    measure(String(status));
    return result;
  } catch (error) {
    const failure = transportFailure(call.verb, link.host, error);
    measure(failure.status === null ? failure.kind : String(failure.status));
    throw failure;
  }
}

async function errorAnswer(verb: string, status: number, answer: IncomingMessage): Promise<EngineError> {
  const contentType = String(answer.headers['content-type'] ?? '');
  return statusFailure(verb, status, contentType, await readBody(answer, LARGEST_ERROR));
}

/** Measures from now on; only the first call of what it gives counts. */
function createMeasure({ clock, onRequest }: Link, verb: string): (code: string) => void {
  const started = clock.now();
  let isMeasured = false;
  return (code) => {
    if (isMeasured) return;
    isMeasured = true;
    onRequest({ verb, code, seconds: (clock.now() - started) / 1000 });
  };
}

function isSuccess(status: number, call: Call): boolean {
  return (status >= 200 && status < 300) || (status === 304 && call.unchangedIsSuccess === true);
}

/** Another engine has taken the place of the one that was asked for its version; it has refused the request unread. */
function isVersionMismatch(error: unknown): boolean {
  return (
    error instanceof EngineError && error.status === 400 && /client version \S+ is too (new|old)/.test(error.message)
  );
}

/** Ends with the scope even when the work never settles, so that the request is measured. */
function endWithScope<T>(scope: Scope, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    scope.signal.addEventListener('abort', () => reject(scope.signal.reason as Error), { once: true });
    work().then(resolve, reject);
  });
}

/** A path from names, each of which is escaped: `pathOf('containers', id)` is `/containers/ID`. */
export function pathOf(...segments: readonly string[]): string {
  return `/${segments.map(encodeURIComponent).join('/')}`;
}

/** A path with an empty name or `..` asks about something else: `/volumes/` asks for all volumes. */
function refuseOddPath({ verb, path }: Call): void {
  if (/\/\.{0,2}(\/|$)/.test(path)) throw new EngineError('rejected', verb, 'A name is empty or made of dots');
}
