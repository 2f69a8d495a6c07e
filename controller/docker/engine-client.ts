import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Clock } from '../model/clock.js';
import { readBody } from './read-body.js';
import { withDeadline, type Scope } from './deadline.js';
import { statusFailure, transportFailure } from './engine-failures.js';
import { EngineError, type CallOptions } from './port.js';
import { chooseVersion, createSession, type EngineVersion } from './session.js';
import { parseJson } from './shapes.js';
import type { HttpRequest, Transport } from './transport.js';

export interface Call extends HttpRequest {
  /** The port's verb, for errors and measures. */
  readonly verb: string;
  readonly deadlineMs: number;
  /** 304: it is so already. */
  readonly unchangedIsSuccess?: boolean;
  /** A stream without an end: its deadline and its measure are those of its head. */
  readonly endless?: boolean;
  readonly options?: CallOptions | undefined;
  /** Part of another call: it has that one's deadline and ends with it. */
  readonly within?: Scope;
}

export interface RequestMeasure {
  readonly verb: string;
  /** The HTTP status, or the `EngineFailureKind` where there was none or the answer was unusable. */
  readonly code: string;
  readonly seconds: number;
}

/** What the clients of the resources build on: one call, bounded, its answer read by `read`. Throws `EngineError` alone. */
export interface EngineClient {
  call<T>(call: Call, read: (answer: IncomingMessage, scope: Scope) => Promise<T>): Promise<T>;
  /** Reads a JSON answer whole. */
  json<T>(call: Call, read: (answer: unknown) => T): Promise<T>;
  /** For its effect: whatever is in the answer is read and dropped. */
  effect(call: Call): Promise<void>;
  /** Asks the engine which version it is, now. */
  version(options?: CallOptions): Promise<EngineVersion>;
  close(): void;
}

export interface ClientOptions {
  readonly clock: Clock;
  readonly onRequest: (measure: RequestMeasure) => void;
}

const VERSION_DEADLINE_MS = 30_000;
const LARGEST_ERROR = 64 * 1024;

export function createClient(host: string, transport: Transport, { clock, onRequest }: ClientOptions): EngineClient {
  const closed = new AbortController();
  const session = createSession(() => negotiate());

  async function exchange<T>(
    call: Call,
    scope: Scope,
    read: (answer: IncomingMessage, scope: Scope) => Promise<T>,
  ): Promise<T> {
    const started = clock.now();
    let status: number | null = null;
    let measured = false;
    const measure = (code: string) => {
      if (measured) return;
      measured = true;
      onRequest({ verb: call.verb, code, seconds: (clock.now() - started) / 1000 });
    };
    try {
      const result = await withDeadlineOf(scope, async () => {
        const answer = await transport.send(call, scope.signal);
        scope.touch();
        status = answer.statusCode ?? 0;
        if (!isSuccess(status, call)) {
          throw statusFailure(
            call.verb,
            status,
            String(answer.headers['content-type'] ?? ''),
            await readBody(answer, LARGEST_ERROR),
          );
        }
        if (call.endless === true) {
          scope.untimed();
          measure(String(status));
        }
        return read(answer, scope);
      });
      measure(String(status));
      return result;
    } catch (error) {
      const failure = transportFailure(call.verb, host, error);
      measure(failure.status === null ? failure.kind : String(failure.status));
      throw failure;
    }
  }

  /** Without a version in its path, and never on behalf of one caller: nobody's abort takes it from the others. */
  async function negotiate(options?: CallOptions): Promise<EngineVersion> {
    const call: Call = {
      verb: 'version',
      method: 'GET',
      path: '/version',
      deadlineMs: options?.deadlineMs ?? VERSION_DEADLINE_MS,
      options,
    };
    try {
      return await bounded(call, (scope) =>
        exchange(call, scope, async (answer) =>
          chooseVersion(parseJson(await readBody(answer), 'the answer to /version')),
        ),
      );
    } catch (error) {
      const failure = transportFailure('version', host, error);
      if (failure.kind !== 'not-found') throw failure;
      // It must not pass for the absence of what the caller asked about.
      throw new EngineError(
        'malformed',
        'version',
        `What listens at ${host} is no Docker engine: it knows no /version`,
        failure.status,
        { cause: failure },
      );
    }
  }

  function bounded<T>(call: Call, work: (scope: Scope) => Promise<T>): Promise<T> {
    if (call.within !== undefined) return work(call.within);
    const ms = call.options?.deadlineMs ?? call.deadlineMs;
    return withDeadline({ verb: call.verb, ms, clock, signals: [call.options?.signal, closed.signal] }, work);
  }

  async function attempt<T>(
    call: Call,
    scope: Scope,
    read: (answer: IncomingMessage, scope: Scope) => Promise<T>,
  ): Promise<T> {
    const { api } = await session.current();
    return exchange({ ...call, path: `/v${api}${call.path}` }, scope, read);
  }

  async function call<T>(request: Call, read: (answer: IncomingMessage, scope: Scope) => Promise<T>): Promise<T> {
    refuseOddPath(request);
    try {
      return await bounded(request, async (scope) => {
        try {
          return await attempt(request, scope, read);
        } catch (error) {
          // A stream is sent once.
          if (!isVersionMismatch(error) || request.archive instanceof Readable) throw error;
          session.forget();
          return attempt(request, scope, read);
        }
      });
    } catch (error) {
      const failure = transportFailure(request.verb, host, error);
      if (failure.kind === 'unreachable') session.forget();
      if (failure.verb === request.verb) throw failure;
      throw new EngineError(failure.kind, request.verb, failure.message, failure.status, { cause: failure });
    }
  }

  return {
    call,
    json: (request, read) => call(request, async (answer) => read(parseJson(await readBody(answer), 'it'))),
    effect: (request) => call(request, async (answer) => void (await readBody(answer))),
    async version(options) {
      session.forget();
      const version = await negotiate(options);
      session.remember(version);
      return version;
    },
    close() {
      closed.abort();
      transport.close();
    },
  };
}

function isSuccess(status: number, call: Call): boolean {
  return (status >= 200 && status < 300) || (status === 304 && call.unchangedIsSuccess === true);
}

/** The engine was exchanged for another one between two calls; it has refused the request unread. */
function isVersionMismatch(error: unknown): boolean {
  return (
    error instanceof EngineError && error.status === 400 && /client version \S+ is too (new|old)/.test(error.message)
  );
}

/** Measures end with the scope, even when the work never settles. */
function withDeadlineOf<T>(scope: Scope, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    scope.signal.addEventListener('abort', () => reject(scope.signal.reason as Error), { once: true });
    work().then(resolve, reject);
  });
}

/** A path from segments that are names. */
export function pathOf(...segments: readonly string[]): string {
  return `/${segments.map(encodeURIComponent).join('/')}`;
}

/** An empty name or `..` would ask about something else: `/volumes/` for all volumes. */
function refuseOddPath({ verb, path }: Call): void {
  if (/\/\.{0,2}(\/|$)/.test(path)) throw new EngineError('rejected', verb, 'A name is empty or made of dots');
}
