import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import type { Webhooks } from '../../../controller/server/webhook-route.js';
import type { ServerOptions } from '../../../controller/server/server.js';
import { createManualClock } from '../../support/manual-clock.js';
import { call, type Answer, type Call, type createHarness } from './harness.js';

export const SECRET = 'the secret of team';
export const BODY = '{"ref":"refs/heads/main"}';

export function hmacOf(body: string | Buffer, secret = SECRET): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

/** As GitHub signs. */
export function signed(body: string | Buffer = BODY, secret = SECRET): Record<string, string> {
  return { 'X-Hub-Signature-256': `sha256=${hmacOf(body, secret)}` };
}

export type HookCall = Call & { readonly source?: string };

/** A server that takes hooks for `team` and `other`, and what it said about them. */
export async function openHooks(
  make: ReturnType<typeof createHarness>['make'],
  { webhooks, ...options }: Partial<Omit<ServerOptions, 'webhooks'>> & { readonly webhooks?: Partial<Webhooks> } = {},
) {
  const asked: string[] = [];
  const triggered: string[] = [];
  const facts: string[] = [];
  const errors: unknown[] = [];
  const clock = createManualClock();
  const server = make({
    listen: '127.0.0.1:0',
    clock,
    onError: (error) => errors.push(error),
    webhooks: {
      secretOf(source) {
        asked.push(source);
        return Promise.resolve(source === 'team' || source === 'other' ? Buffer.from(SECRET) : null);
      },
      trigger: (source) => void triggered.push(source),
      onRequest: ({ source, result }) => void facts.push(`${source} ${result}`),
      ...webhooks,
    },
    ...options,
  });
  const address = (await server.start()).address ?? '';

  /** A genuine hook for `team`, unless told otherwise. */
  function deliver({ source = 'team', body = BODY, headers = signed(body), ...rest }: HookCall = {}): Promise<Answer> {
    // As bytes: a client of Node encodes the headers as it does a body of text.
    return call(address, { method: 'POST', path: `/hooks/git/${source}`, body: Buffer.from(body), headers, ...rest });
  }

  return { address, clock, asked, triggered, facts, errors, deliver };
}

/** The head of a request for `team`, and of a body that is longer than what is sent with it. */
export function unfinished(headers: Record<string, string> = signed(), sent = BODY): string {
  const lines = Object.entries({ Host: 'localhost', 'Content-Length': String(sent.length + 1_000), ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return `POST /hooks/git/team HTTP/1.1\r\n${lines.join('')}\r\n${sent}`;
}

/** A peer that has sent `text` and waits. */
export function openPeer(address: string, text: string) {
  const socket = connect(Number(address.split(':').at(-1)), '127.0.0.1', () => void socket.write(text));
  let received = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => void (received += chunk.toString()));
  const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(received)));
  return { socket, closed };
}
