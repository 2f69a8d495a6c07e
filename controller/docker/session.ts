import { EngineError } from './port.js';
import { asName, asObject } from './shapes.js';

export interface EngineVersion {
  readonly engine: string;
  /** The API version that we use with the engine, e.g. `1.41`. */
  readonly api: string;
}

/** The API of Docker 20.10. */
const OLDEST_API = '1.41';
/**
 * The API of Docker 27, the newest whose answers were compared with what we read from them. Newer engines accept it
 * too.
 */
const NEWEST_API = '1.47';

/** Chooses the API version from an answer to `GET /version` (trap dockerode-8). */
export function chooseVersion(answer: unknown): EngineVersion {
  const version = asObject(answer, 'the answer to /version');
  const engine = asName(version['Version'], 'Version');
  const newest = asName(version['ApiVersion'], 'ApiVersion');
  const oldest = typeof version['MinAPIVersion'] === 'string' ? version['MinAPIVersion'] : '1.0';
  if (compare(newest, OLDEST_API) < 0) {
    throw refusal(
      `Docker ${engine} speaks API ${newest} at most, and ${OLDEST_API} is needed: ` +
        'upgrade the engine to 20.10 or newer',
    );
  }
  if (compare(oldest, NEWEST_API) > 0) {
    throw refusal(
      `Docker ${engine} speaks API ${oldest} and newer only, and this controller ${NEWEST_API} at most: ` +
        'upgrade the controller',
    );
  }
  return { engine, api: compare(newest, NEWEST_API) < 0 ? newest : NEWEST_API };
}

function refusal(message: string): EngineError {
  return new EngineError('rejected', 'version', message);
}

function compare(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
  return aMajor - bMajor || aMinor - bMinor;
}

export interface Session {
  /** The negotiated version. All callers share one negotiation; a failure is not remembered. */
  current(): Promise<EngineVersion>;
  /** Makes the next caller negotiate again, because the engine may be another one by now. */
  forget(): void;
  remember(version: EngineVersion): void;
}

/** Creates a session that remembers the result of `negotiate` until `forget` is called. */
export function createSession(negotiate: () => Promise<EngineVersion>): Session {
  let known: Promise<EngineVersion> | null = null;
  return {
    current() {
      if (known !== null) return known;
      const attempt = negotiate();
      known = attempt;
      attempt.catch(() => {
        if (known === attempt) known = null;
      });
      return attempt;
    },
    forget() {
      known = null;
    },
    remember(version) {
      known = Promise.resolve(version);
    },
  };
}
