import type { IncomingMessage } from 'node:http';
import type { Clock } from '../model/clock.js';
import type { HookResult } from '../telemetry/source-metrics.js';
import { hashBody } from './webhook-body.js';
import { isGenuine, readProofs } from './webhook-signature.js';
import { createRateLimiter } from './rate-limit.js';
import { failure, json, nameUnder, type Reply } from './routes.js';

/** A hook only says "look at this source now" (law 1): of what it sends nothing is used but the proof that it is genuine. */
export interface Hooks {
  /**
   * What the source shares with its host, to the byte: no line's end. Null: there is no such source, or it takes no hooks. An empty
   * one lets nobody in. Asked at every request before its rate is looked at, with whatever name the request gave (`NAME` here): keep
   * it cheap, and give null for what cannot be read, for a rejection is a 500 that is reported each time.
   */
  secretOf(source: string): Promise<Buffer | null>;
  /** Once for each genuine hook, before it is answered. */
  trigger(source: string): void;
  /** One for each request for a source that has a secret, and for no other name: it may be a label. */
  onRequest(facts: { readonly source: string; readonly result: HookResult }): void;
  /** Of a body, in bytes; what GitHub bounds its own by without one. */
  readonly largestBody?: number;
}

/** Answers a request for a path under `/hooks/git/`. */
export type HookReceiver = (path: string, request: IncomingMessage) => Promise<Reply>;

const FOLDER = '/hooks/git';
/** What cannot be mistaken for a path or a line, whoever gets to see it. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
const GITHUB_LARGEST_BODY = 25 * 1024 * 1024;
/** Of each address for each source. A push of many branches is a few hooks at once. */
const LIMIT = { burst: 20, perSecond: 1, keys: 1_000 };
/** So many are read at once, of all addresses. */
const MOST_BODIES = 8;

export function isHook(path: string): boolean {
  return path.startsWith(`${FOLDER}/`);
}

export function createHookReceiver(hooks: Hooks, clock: Clock): HookReceiver {
  const limiter = createRateLimiter(LIMIT, clock);
  let reading = 0;

  async function receive(path: string, request: IncomingMessage): Promise<Reply> {
    // The same for every name: no way around the limit on guessing them.
    if (request.method !== 'POST') return failure(405, 'hooks take POST', { Allow: 'POST' });
    // First of all: a connection that has ended meanwhile has no address.
    const address = request.socket.remoteAddress ?? '';
    const source = sourceOf(path);
    const secret = source === null ? null : await hooks.secretOf(source);
    if (source === null || secret === null) {
      // One bucket for all of them: names that are made up must not push real ones out of the limiter's memory.
      const seconds = limiter.take(`${address} `);
      return seconds > 0 ? limited(seconds) : failure(404, 'there is no such source, or it takes no hooks');
    }
    const seconds = limiter.take(`${address} ${source}`);
    const result = seconds > 0 ? 'limited' : await judge(request, secret);
    if (result === 'accepted') hooks.trigger(source);
    hooks.onRequest({ source, result });
    return result === 'limited' ? limited(seconds) : ANSWERS[result];
  }

  async function judge(request: IncomingMessage, secret: Buffer): Promise<Exclude<HookResult, 'limited'>> {
    const proofs = readProofs(request.headersDistinct);
    // Not worth reading its body.
    if (proofs === null) return 'refused';
    if (reading >= MOST_BODIES) return 'busy';
    reading += 1;
    try {
      const body = await hashBody(request, secret, hooks.largestBody ?? GITHUB_LARGEST_BODY);
      if (body === 'too_large') return body;
      return body !== 'gone' && isGenuine(proofs, secret, body.hmac) ? 'accepted' : 'refused';
    } finally {
      reading -= 1;
    }
  }

  return receive;
}

const ANSWERS: Readonly<Record<Exclude<HookResult, 'limited'>, Reply>> = {
  accepted: json(202, { accepted: true }),
  refused: failure(
    401,
    'a hook needs a valid signature: X-Hub-Signature-256, X-Gitea-Signature, X-Forgejo-Signature or X-Gitlab-Token, made with the secret of this source',
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
