/** What one attempt came to. */
export type Answer =
  | { readonly kind: 'delivered' | 'dropped'; readonly detail: string }
  | { readonly kind: 'retry'; readonly detail: string; readonly afterMs: number };

/** A refusal that means there is nothing left to do. */
export interface Forgiven {
  readonly status: number;
  readonly text: string;
}

const RETRIED = new Set([408, 425, 429]);
const LONGEST_RETRY_AFTER_MS = 600_000;
const MAX_BODY_BYTES = 65_536;

export async function judge(host: string, response: Response, nowMs: number, forgiven?: Forgiven): Promise<Answer> {
  const { status, ok } = response;
  const isForgiven = status === forgiven?.status && (await bodyOf(response)).includes(forgiven.text);
  await discard(response);
  const detail = `${host} answered ${status}`;
  if (ok || isForgiven) return { kind: 'delivered', detail };
  if (status >= 500 || RETRIED.has(status)) return { kind: 'retry', detail, afterMs: retryAfterMs(response.headers.get('retry-after'), nowMs) };
  if (response.type === 'opaqueredirect' || (status >= 300 && status < 400)) return { kind: 'dropped', detail: `${detail}, a redirect, which is not followed: configure the address it leads to` };
  return { kind: 'dropped', detail: status === 401 || status === 403 ? `${detail}: check the credentials` : detail };
}

/** `Retry-After`: seconds, or a date of HTTP. */
function retryAfterMs(text: string | null, nowMs: number): number {
  if (text === null) return 0;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : / GMT$/.test(text) ? Date.parse(text) - nowMs : 0;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS);
}

async function bodyOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (response.body === null) return '';
  // Leaving the loop cancels the rest.
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A body that nobody reads would hold its connection. */
async function discard({ body, bodyUsed }: Response): Promise<void> {
  if (body === null || bodyUsed) return;
  await body.cancel().catch(() => undefined);
}
