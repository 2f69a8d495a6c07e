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
  /** The verb of the port, for errors and measurements. */
  readonly verb: string;
  readonly deadlineMs: number;
  /** Treats 304, which means that nothing has to change, as success. */
  readonly unchangedIsSuccess?: boolean;
  /** Whether the answer is a stream without an end. The deadline and the measurement then cover only its head. */
  readonly endless?: boolean;
  readonly options?: CallOptions | undefined;
  /** The scope of the call that this one belongs to; it shares that call's deadline and ends with it. */
  readonly within?: Scope;
}

export interface RequestMeasure {
  readonly verb: string;
  /** The HTTP status, or the `EngineFailureKind` when there was no status or the answer was unusable. */
  readonly code: string;
  readonly seconds: number;
}

type ReadAnswer<T> = (answer: IncomingMessage, scope: Scope) => Promise<T>;

/** The base of all verbs: one call, limited in time, whose answer `read` reads. It throws nothing but `EngineError`. */
export interface EngineClient {
  call<T>(call: Call, read: ReadAnswer<T>): Promise<T>;
  /** Makes a call and reads its JSON answer completely. */
  json<T>(call: Call, read: (answer: unknown) => T): Promise<T>;
  /** Makes a call for its effect; reads the answer and discards it. */
  effect(call: Call): Promise<void>;
  /** Asks the engine for its version, and uses the resulting API version from then on. */
  version(options?: CallOptions): Promise<EngineVersion>;
  /** Aborts all calls, which fail with `aborted`, and closes the connections. */
  close(): void;
}

export interface ClientOptions {
  readonly clock: Clock;
  readonly onRequest: (measure: RequestMeasure) => void;
}

const VERSION_DEADLINE_MS = 30_000;
const LARGEST_ERROR = 64 * 1024;

/** The connection of one client to an engine. */
interface Link extends ClientOptions {
  /** The address of the engine, for messages. */
  readonly host: string;
  readonly transport: Transport;
  readonly session: Session;
  readonly closed: AbortController;
}

/** Creates a client that has not contacted the engine yet; the first call negotiates the API version. */
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
 * Requests `/version`, without a version in the path. All callers share the answer, so the request does not end when
 * one of them aborts.
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
    // This 404 must not be mistaken for the absence of the object that the caller asked for.
    const words = `What listens at ${host} is no Docker engine: it knows no /version`;
    throw new EngineError('malformed', 'version', words, failure.status, { cause: failure });
  }
}

function bounded<T>({ clock, closed }: Link, call: Call, work: (scope: Scope) => Promise<T>): Promise<T> {
  if (call.within !== undefined) return work(call.within);
  const ms = call.options?.deadlineMs ?? call.deadlineMs;
  return withDeadline({ verb: call.verb, ms, clock, signals: [call.options?.signal, closed.signal] }, work);
}

/**
 * Makes one request, reads its answer, and measures it once: when it has ended, or when the head of an endless stream
 * has arrived.
 */
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

/** Starts a measurement. Only the first call of the returned function counts. */
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

/**
 * Whether the engine refused the request because of its API version: another engine has taken the place of the one that
 * negotiated it.
 */
function isVersionMismatch(error: unknown): boolean {
  return (
    error instanceof EngineError && error.status === 400 && /client version \S+ is too (new|old)/.test(error.message)
  );
}

/** Settles at the latest when the scope ends, even if the work never settles, so that the request is measured. */
function endWithScope<T>(scope: Scope, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    scope.signal.addEventListener('abort', () => reject(scope.signal.reason as Error), { once: true });
    work().then(resolve, reject);
  });
}

/** Builds a path from names and escapes each of them: `pathOf('containers', id)` is `/containers/ID`. */
export function pathOf(...segments: readonly string[]): string {
  return `/${segments.map(encodeURIComponent).join('/')}`;
}

/**
 * Rejects a path with an empty name or `..`, because it would request something else: `/volumes/` lists all volumes.
 */
function refuseOddPath({ verb, path }: Call): void {
  if (/\/\.{0,2}(\/|$)/.test(path)) throw new EngineError('rejected', verb, 'A name is empty or made of dots');
}
