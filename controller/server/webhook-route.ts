import type { IncomingMessage } from 'node:http';
import type { Clock } from '../model/clock.js';
import type { WebhookResult } from '../telemetry/source-metrics.js';
import { hashBody } from './webhook-body.js';
import { isGenuine, readProofs } from './webhook-signature.js';
import { createRateLimiter } from './rate-limit.js';
import { nameUnder } from './paths.js';
import { failure, json, type Reply } from './reply.js';

/**
 * What handles webhooks. A webhook only says "poll this source now" (law 1): nothing of it is used except the proof
 * that it is genuine.
 */
export interface Webhooks {
  /**
   * The secret that the source shares with its host, byte for byte, without a line break at the end; null when there is
   * no such source or it accepts no webhooks. An empty secret matches no request. This is called for every request,
   * before its rate is checked, with any name (in the form of `NAME`) that a request contains, so it must be cheap.
   * Return null for a file that cannot be read, because a rejection is answered with 500 and reported each time.
   */
  secretOf(source: string): Promise<Buffer | null>;
  /** Called once for each genuine webhook, before it is answered. */
  trigger(source: string): void;
  /**
   * Called for each request for a source that has a secret, and for no other name, so that `source` is safe as a label.
   */
  onRequest(facts: { readonly source: string; readonly result: WebhookResult }): void;
  /** The largest body in bytes; by default GitHub's own limit. */
  readonly largestBody?: number;
}

/** Answers a request for a path below `/hooks/git/`. */
export type WebhookReceiver = (path: string, request: IncomingMessage) => Promise<Reply>;

const FOLDER = '/hooks/git';
/** Names that cannot be mistaken for a path or for several lines. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
const GITHUB_LARGEST_BODY = 25 * 1024 * 1024;
/** The limit for one address and one source. A push of many branches sends a few webhooks at once. */
const LIMIT = { burst: 20, perSecond: 1, keys: 1_000 };
/** How many bodies are read at the same time, from all addresses. */
const MOST_BODIES = 8;

/** Whether `createWebhookReceiver` answers this path. */
export function isWebhook(path: string): boolean {
  return path.startsWith(`${FOLDER}/`);
}

/**
 * Creates a receiver that limits the rate, checks the signature and triggers the source; each receiver has its own
 * limits.
 */
export function createWebhookReceiver(webhooks: Webhooks, clock: Clock): WebhookReceiver {
  const limiter = createRateLimiter(LIMIT, clock);
  let reading = 0;

  async function receive(path: string, request: IncomingMessage): Promise<Reply> {
    // The answer is the same for every name, so that another method does not avoid the limit on guessing names.
    if (request.method !== 'POST') return failure(405, 'hooks take POST', { Allow: 'POST' });
    // Read before anything is awaited, because a closed connection has no address.
    const address = request.socket.remoteAddress ?? '';
    const source = sourceOf(path);
    const secret = source === null ? null : await webhooks.secretOf(source);
    if (source === null || secret === null) {
      // All unknown names share one bucket, so that invented names do not displace real ones from the limiter.
      const seconds = limiter.take(`${address} `);
      return seconds > 0 ? limited(seconds) : failure(404, 'there is no such source, or it takes no hooks');
    }
    const seconds = limiter.take(`${address} ${source}`);
    const result = seconds > 0 ? 'limited' : await judge(request, secret);
    if (result === 'accepted') webhooks.trigger(source);
    webhooks.onRequest({ source, result });
    return result === 'limited' ? limited(seconds) : ANSWERS[result];
  }

  async function judge(request: IncomingMessage, secret: Buffer): Promise<Exclude<WebhookResult, 'limited'>> {
    const proofs = readProofs(request.headersDistinct);
    // Without a proof, the body need not be read.
    if (proofs === null) return 'refused';
    if (reading >= MOST_BODIES) return 'busy';
    reading += 1;
    try {
      const body = await hashBody(request, secret, webhooks.largestBody ?? GITHUB_LARGEST_BODY);
      if (body === 'too_large') return body;
      return body !== 'gone' && isGenuine(proofs, secret, body.hmac) ? 'accepted' : 'refused';
    } finally {
      reading -= 1;
    }
  }

  return receive;
}

const ANSWERS: Readonly<Record<Exclude<WebhookResult, 'limited'>, Reply>> = {
  accepted: json(202, { accepted: true }),
  refused: failure(
    401,
    'a hook needs a valid signature: X-Hub-Signature-256, X-Gitea-Signature, X-Forgejo-Signature or X-Gitlab-Token, ' +
      'made with the secret of this source',
  ),
  too_large: failure(413, 'the body is larger than a hook may be'),
  busy: failure(503, 'too many hooks are being read; send it again'),
};

function limited(seconds: number): Reply {
  return failure(429, `too many hooks from this address; send the next in ${seconds} s`, {
    'Retry-After': String(seconds),
  });
}

function sourceOf(path: string): string | null {
  const name = nameUnder(FOLDER, path);
  return name !== null && NAME.test(name) ? name : null;
}
