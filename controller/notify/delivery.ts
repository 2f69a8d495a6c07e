import { delay, type Clock } from '../model/clock.js';
import { readAnswer, type Answer, type ReadErrorAnswer } from './answers.js';

export type Fetch = typeof globalThis.fetch;

export interface DeliveryOptions {
  readonly clock: Clock;
  /** Returns a number in [0, 1). */
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly fetch?: Fetch;
}

/** One message, and the way to write it. */
export interface Delivery {
  readonly address: URL;
  /** Called before each attempt, so that files are read again. A rejection is retried. */
  readonly write: () => Promise<{ readonly headers: Readonly<Record<string, string>>; readonly body: string }>;
  readonly readErrorAnswer?: ReadErrorAnswer;
  readonly onRetry: (detail: string) => void;
}

export interface Outcome {
  readonly result: 'delivered' | 'dropped';
  readonly detail: string;
}

export const MAX_ATTEMPTS = 12;
export const DEADLINE_MS = 10_000;
const FIRST_MS = 2_000;
const LONGEST_MS = 120_000;

/**
 * Posts a message repeatedly until the host accepts or refuses it, or too many attempts have failed. Resolves with null
 * when the signal ended it; never rejects.
 */
export async function deliver(delivery: Delivery, options: DeliveryOptions): Promise<Outcome | null> {
  const { clock, random, signal } = options;
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    const answer = await withDeadline(delivery, options);
    if (answer.kind !== 'retry') return { result: answer.kind, detail: answer.detail };
    if (signal.aborted) return null;
    if (attempt === MAX_ATTEMPTS)
      return { result: 'dropped', detail: `${answer.detail}; given up after ${MAX_ATTEMPTS} attempts` };
    delivery.onRetry(answer.detail);
    // The delay is random, at least half of the full one, so that messages that failed together are not retried
    // together.
    const backoffMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1)) * (0.5 + random() / 2);
    await delay(clock, Math.round(Math.max(backoffMs, answer.afterMs)), signal);
  }
  return null;
}

async function withDeadline(delivery: Delivery, options: DeliveryOptions): Promise<Answer> {
  const { clock, signal } = options;
  const controller = new AbortController();
  const end = () => controller.abort();
  const cancel = clock.after(DEADLINE_MS, end);
  signal.addEventListener('abort', end, { once: true });
  // The deadline races with the request, because reading a file on a dead mount ignores a signal.
  const ended = new Promise<Answer>((resolve) => {
    controller.signal.addEventListener(
      'abort',
      () => resolve(retry(`${delivery.address.host} did not answer within ${DEADLINE_MS / 1000} s`)),
      { once: true },
    );
  });
  try {
    return await Promise.race([attemptOnce(delivery, options, controller.signal), ended]);
  } finally {
    cancel();
    signal.removeEventListener('abort', end);
  }
}

async function attemptOnce(
  { address, write, readErrorAnswer }: Delivery,
  options: DeliveryOptions,
  signal: AbortSignal,
): Promise<Answer> {
  const { clock, fetch = globalThis.fetch } = options;
  const { host } = address;
  let written: Awaited<ReturnType<Delivery['write']>>;
  try {
    written = await write();
  } catch (error) {
    return retry(`${host} was not asked: the credentials cannot be read${codeOf(error)}`);
  }
  if (signal.aborted) return retry(`${host} was not asked in time`);
  try {
    const { url, authorization } = withoutUser(address);
    const headers = {
      'Content-Type': 'application/json',
      'User-Agent': 'kalpana',
      ...authorization,
      ...written.headers,
    };
    const response = await fetch(url, { method: 'POST', headers, body: written.body, redirect: 'manual', signal });
    return await readAnswer(host, response, clock.now(), readErrorAnswer);
  } catch (error) {
    return retry(`${host} cannot be reached${codeOf(causeOf(error))}`);
  }
}

/** Moves the credentials of the address into a header, because fetch rejects an address that contains them. */
function withoutUser(address: URL): { readonly url: URL; readonly authorization: Record<string, string> } {
  if (address.username === '' && address.password === '') return { url: address, authorization: {} };
  const url = new URL(address);
  url.username = '';
  url.password = '';
  const user = [address.username, address.password].map(decoded).join(':');
  return { url, authorization: { Authorization: `Basic ${Buffer.from(user).toString('base64')}` } };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function retry(detail: string): Answer {
  return { kind: 'retry', detail, afterMs: 0 };
}

/**
 * fetch wraps the cause. It is read by its fields, because `instanceof Error` fails across realms, for example in a
 * test runner.
 */
function causeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'cause' in error ? (error.cause ?? error) : error;
}

/** The code of an error, and never its message, which may quote headers or the address. */
function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
  return typeof code === 'string' && /^[A-Z0-9_]+$/.test(code) ? ` (${code})` : '';
}
