import type { IncomingMessage } from 'node:http';
import type { Clock } from '../model/clock.js';
import type { WebhookResult } from '../telemetry/source-metrics.js';
import { hashBody } from './webhook-body.js';
import { isGenuine, readProofs } from './webhook-signature.js';
import { createRateLimiter } from './rate-limit.js';
import { nameUnder } from './paths.js';
import { failure, json, type Reply } from './reply.js';

/**
 * What takes webhooks. A webhook only says "poll this source now" (law 1): nothing that it sends is used but the proof
 * that it is genuine.
 */
export interface Webhooks {
  /**
   * The secret that the source shares with its host, to the byte, without a line's end. Null: there is no such source,
   * or it takes no webhooks. An empty one lets nobody in. Asked at every request, before its rate is checked, with
   * whatever name the request gave (in the form of `NAME`): keep it cheap, and give null for a file that cannot be
   * read, since a rejection is answered with 500 and reported each time.
   */
  secretOf(source: string): Promise<Buffer | null>;
  /** Called once for each genuine webhook, before it is answered. */
  trigger(source: string): void;
  /** Called for each request for a source that has a secret, and for no other name, so that `source` may be a label. */
  onRequest(facts: { readonly source: string; readonly result: WebhookResult }): void;
  /** The largest body, in bytes; GitHub's own bound without one. */
  readonly largestBody?: number;
}

/** Answers a request for a path under `/hooks/git/`. */
export type WebhookReceiver = (path: string, request: IncomingMessage) => Promise<Reply>;

const FOLDER = '/hooks/git';
/** A name that nobody can mistake for a path or for several lines. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
const GITHUB_LARGEST_BODY = 25 * 1024 * 1024;
/** The limit for one address and one source. A push of many branches is a few webhooks at once. */
const LIMIT = { burst: 20, perSecond: 1, keys: 1_000 };
/** How many bodies are read at once, from all addresses. */
const MOST_BODIES = 8;

/** Whether a path is one that `createWebhookReceiver` answers. */
export function isWebhook(path: string): boolean {
  return path.startsWith(`${FOLDER}/`);
}

/** Limits the rate, checks the signature and triggers the source; the limits are those of one receiver. */
export function createWebhookReceiver(webhooks: Webhooks, clock: Clock): WebhookReceiver {
  const limiter = createRateLimiter(LIMIT, clock);
  let reading = 0;

  async function receive(path: string, request: IncomingMessage): Promise<Reply> {
    // Answered alike for every name: the method is no way around the limit on guessing names.
    if (request.method !== 'POST') return failure(405, 'hooks take POST', { Allow: 'POST' });
    // Read before anything is awaited: a connection that has ended has no address.
    const address = request.socket.remoteAddress ?? '';
    const source = sourceOf(path);
    const secret = source === null ? null : await webhooks.secretOf(source);
    if (source === null || secret === null) {
      // One bucket for all unknown names: made-up ones must not push real ones out of the limiter's memory.
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
    // Without a proof its body need not be read.
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
