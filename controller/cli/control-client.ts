import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';

const DEADLINE_MS = 10_000;

export function controlSocketPath(stateDir: string): string {
  return join(stateDir, 'kalpana.sock');
}

export interface ControlAnswer {
  readonly status: number;
  /** The answer's JSON. */
  readonly value: unknown;
}

/** Asks the controller of `stateDir` over its Unix socket; throws an error of one line. A body makes it a POST. Deadline in ms. */
export async function askController(stateDir: string, path: string, body?: unknown, deadlineMs = DEADLINE_MS): Promise<ControlAnswer> {
  const socketPath = controlSocketPath(stateDir);
  const response = await send(socketPath, path, body, deadlineMs).catch((error: NodeJS.ErrnoException) => {
    throw explained(error, socketPath);
  });
  const text = await textOf(response);
  try {
    return { status: response.statusCode ?? 0, value: JSON.parse(text) };
  } catch (error) {
    throw new Error(`the controller at ${socketPath} answered with something else than JSON`, { cause: error });
  }
}

function send(socketPath: string, path: string, body: unknown, deadlineMs: number): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(deadlineMs);
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = text === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
    const call = request({ socketPath, path, method: text === undefined ? 'GET' : 'POST', headers, signal, agent: false }, resolve);
    call.on('error', reject);
    call.end(text);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function explained(error: NodeJS.ErrnoException, socketPath: string): Error {
  switch (error.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return new Error(`no controller answers at ${socketPath}: start one with kalpana run, or name its --state-dir`, { cause: error });
    case 'EACCES':
      return new Error(`the controller's socket ${socketPath} belongs to another user`, { cause: error });
    default:
      return new Error(`the controller at ${socketPath} did not answer: ${error.message}`, { cause: error });
  }
}
