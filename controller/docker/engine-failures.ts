import { errorCode, messageOf } from './error-words.js';
import { EngineError, type EngineFailureKind } from './port.js';
import { ShapeError } from './shapes.js';

const NO_CONNECTION: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ECONNREFUSED: 'connection refused, nothing listens there',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name cannot be looked up now',
  EHOSTUNREACH: 'the host is unreachable',
  ENETUNREACH: 'the network is unreachable',
  ETIMEDOUT: 'the connection timed out',
  ECONNRESET: 'the connection was lost before the answer was whole',
  EPIPE: 'the connection was lost before the answer was whole',
  ERR_STREAM_PREMATURE_CLOSE: 'the connection was lost before the answer was whole',
};

/** Converts an error from below HTTP into the error of the port. `host` is the engine's address, for the message. */
export function transportFailure(verb: string, host: string, error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  if (error instanceof ShapeError)
    return new EngineError('malformed', verb, `The engine's answer cannot be read: ${error.message}`);
  const code = errorCode(error);
  // A parse error contains the raw packet, so it is not kept as the `cause`.
  if (code.startsWith('HPE_'))
    return new EngineError('malformed', verb, `What listens at ${host} does not speak HTTP (${code})`);
  if (code === 'ERR_UNESCAPED_CHARACTERS' || code === 'ERR_INVALID_CHAR') {
    return new EngineError('rejected', verb, `The request holds characters that HTTP cannot carry (${code})`);
  }
  const words = NO_CONNECTION[code] ?? oneLine(messageOf(error));
  return new EngineError('unreachable', verb, `The engine at ${host} cannot be reached: ${words}`, null, {
    cause: error,
  });
}

/**
 * Converts an answer with an error status into the error of the port. Only JSON in the engine's own form counts: a 404
 * page of a proxy does not prove that something is absent (law 2).
 */
export function statusFailure(verb: string, status: number, contentType: string, body: string): EngineError {
  const words = engineWords(body);
  if (words === null) {
    const kind = status >= 500 ? 'server' : 'malformed';
    return new EngineError(
      kind,
      verb,
      `HTTP ${status} without the engine's words (${contentType || 'no content type'}); is there a proxy before it?`,
      status,
    );
  }
  return new EngineError(kindOf(status, words), verb, words, status);
}

function kindOf(status: number, words: string): EngineFailureKind {
  if (status === 404) return words === 'page not found' ? 'malformed' : 'not-found';
  if (status === 409) return 'conflict';
  if (status >= 500) return 'server';
  return status >= 400 ? 'rejected' : 'malformed';
}

function engineWords(body: string): string | null {
  try {
    const answer: unknown = JSON.parse(body);
    if (answer === null || typeof answer !== 'object' || !('message' in answer)) return null;
    return typeof answer.message === 'string' && answer.message !== '' ? oneLine(answer.message) : null;
  } catch {
    return null;
  }
}

const LONGEST_HALF = 1_000;

/**
 * Puts a message on one line. A long message keeps both ends, because the engine writes first what it did, then
 * possibly a long path, and the cause at the end.
 */
export function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 2 * LONGEST_HALF ? `${line.slice(0, LONGEST_HALF)}…${line.slice(-LONGEST_HALF)}` : line;
}
