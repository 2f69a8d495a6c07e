import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';

const DEADLINE_MS = 10_000;

/** The path of the socket on which the controller of a state directory listens. */
export function controlSocketPath(stateDir: string): string {
  return join(stateDir, 'kalpana.sock');
}

export interface ControlAnswer {
  readonly status: number;
  /** The JSON value of the answer. */
  readonly value: unknown;
}

/**
 * Sends a request to the controller of `stateDir` over its Unix socket, by POST when there is a body. Throws an error
 * of one line.
 */
export async function askController(
  stateDir: string,
  path: string,
  body?: unknown,
  deadlineMs = DEADLINE_MS,
): Promise<ControlAnswer> {
  const socketPath = controlSocketPath(stateDir);
  const response = await openCall(socketPath, path, body, AbortSignal.timeout(deadlineMs)).catch(
    (error: NodeJS.ErrnoException) => {
      throw explainedFailure(error, socketPath);
    },
  );
  return { status: response.statusCode ?? 0, value: jsonOf(await textOf(response), socketPath) };
}

/** Sends a request and resolves with the head of the answer; `signal` also ends its body. */
export function openCall(
  socketPath: string,
  path: string,
  body: unknown,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers =
      text === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
    const call = request(
      { socketPath, path, method: text === undefined ? 'GET' : 'POST', headers, signal, agent: false },
      resolve,
    );
    call.on('error', reject);
    call.end(text);
  });
}

/** Reads the whole body of a response as text. */
export async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** Parses the text of a response; throws an error of one line when it is not JSON. */
export function jsonOf(text: string, socketPath: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MalformedAnswer(`the controller at ${socketPath} answered with something else than JSON`, {
      cause: error,
    });
  }
}

/** An error whose message is already meant for a person. */
class MalformedAnswer extends Error {
  override readonly name = 'MalformedAnswer';
}

/**
 * Converts the failure of a request into an error of one line that says what to do. `begun` means that the answer had
 * begun.
 */
export function explainedFailure(error: NodeJS.ErrnoException, socketPath: string, begun = false): Error {
  if (error instanceof MalformedAnswer) return error;
  if (begun)
    return new Error(`the controller at ${socketPath} broke off its answer (${error.message}); look whether it runs`, {
      cause: error,
    });
  switch (error.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return new Error(`no controller answers at ${socketPath}: start one with kalpana run, or name its --state-dir`, {
        cause: error,
      });
    case 'EACCES':
      return new Error(`the controller's socket ${socketPath} belongs to another user`, { cause: error });
    default:
      return new Error(`the controller at ${socketPath} did not answer: ${error.message}`, { cause: error });
  }
}
