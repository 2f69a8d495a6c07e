/** The result of one attempt to deliver a message. */
export type Answer =
  | { readonly kind: 'delivered' | 'dropped'; readonly detail: string }
  | { readonly kind: 'retry'; readonly detail: string; readonly afterMs: number };

/** An answer with a 4xx status. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly nowMs: number;
  /** Reads the beginning of the body. Rejects when the body cannot be read. */
  text(): Promise<string>;
}

/**
 * What a host means by an error answer; `passes` means that the error is temporary, and lasts for at least `afterMs`.
 */
export type Meaning =
  { readonly kind: 'delivered' } | { readonly kind: 'passes'; readonly words: string; readonly afterMs: number };

/** Interprets an error answer of a host that says more than its status; null: the status alone counts. */
export type ReadErrorAnswer = (answer: ErrorAnswer) => Promise<Meaning | null>;

const RETRIED = new Set([408, 425, 429]);
const LONGEST_RETRY_AFTER_MS = 600_000;
const MAX_BODY_BYTES = 65_536;

/** Interprets the response to a message, and reads or cancels its body. `nowMs` is in ms since the epoch. */
export async function readAnswer(
  host: string,
  response: Response,
  nowMs: number,
  readErrorAnswer?: ReadErrorAnswer,
): Promise<Answer> {
  const { status, ok, headers } = response;
  const isError = status >= 400 && status < 500;
  const meaning =
    isError && readErrorAnswer !== undefined
      ? await readErrorAnswer({ status, headers, nowMs, text: () => bodyOf(response) })
      : null;
  await discard(response);
  const detail = `${host} answered ${status}`;
  if (ok || meaning?.kind === 'delivered') return { kind: 'delivered', detail };
  const givenMs = retryAfterMs(headers.get('retry-after'), nowMs);
  if (meaning !== null)
    return {
      kind: 'retry',
      detail: `${detail}: ${meaning.words}`,
      afterMs: Math.max(givenMs, Math.min(meaning.afterMs, LONGEST_RETRY_AFTER_MS)),
    };
  if (status >= 500 || RETRIED.has(status)) return { kind: 'retry', detail, afterMs: givenMs };
  if (response.type === 'opaqueredirect' || (status >= 300 && status < 400))
    return {
      kind: 'dropped',
      detail: `${detail}, a redirect, which is not followed: configure the address it leads to`,
    };
  return { kind: 'dropped', detail: status === 401 || status === 403 ? `${detail}: check the credentials` : detail };
}

/** Parses `Retry-After`, which is a number of seconds or an HTTP date. */
function retryAfterMs(text: string | null, nowMs: number): number {
  if (text === null) return 0;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : / GMT$/.test(text) ? Date.parse(text) - nowMs : 0;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS);
}

async function bodyOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (response.body === null) return '';
  // Leaving the loop cancels the rest of the body.
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Cancels a body that nobody reads, because it would keep its connection open. */
async function discard({ body, bodyUsed }: Response): Promise<void> {
  if (body === null || bodyUsed) return;
  await body.cancel().catch(() => undefined);
}
