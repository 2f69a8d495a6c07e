import { createHmac, randomUUID } from 'node:crypto';
import type { DeploymentEvent } from '../model/git.js';
import type { Notified } from '../model/notified.js';
import { deliver, type DeliveryOptions } from './delivery.js';

export interface NotifierOptions extends DeliveryOptions {
  readonly url: string;
  /**
   * Reads the secret, for each attempt; null when messages are not signed. A rejection is retried, so that nothing is
   * sent unsigned.
   */
  readonly secret: () => Promise<string | null>;
  readonly instance: string;
  readonly onResult: (facts: Notified) => void;
}

export interface Notifier {
  send(event: DeploymentEvent): void;
  /** Whether no event is waiting or being sent. */
  idle(): boolean;
}

interface Waiting {
  readonly id: string;
  readonly time: string;
  readonly event: DeploymentEvent;
}

export const MAX_WAITING = 200;
/** The most problems of one commit in a message; its text contains their number. */
const MAX_PROBLEMS = 50;

/**
 * Creates a notifier that posts events to a webhook, one at a time and in order. The oldest are dropped when more than
 * `MAX_WAITING` wait.
 */
export function createNotifier(options: NotifierOptions): Notifier {
  const { url, secret, instance, clock, signal, onResult } = options;
  const address = new URL(url);
  const waiting: Waiting[] = [];
  let isRunning = false;

  async function post({ id, time, event }: Waiting): Promise<void> {
    const body = JSON.stringify({ apiVersion: 'kalpana.dev/v1', kind: 'Notification', id, time, instance, event });
    const headers = { 'X-Kalpana-Event': event.type, 'X-Kalpana-Delivery': id };
    const outcome = await deliver(
      {
        address,
        write: async () => ({ headers: { ...headers, ...signatureOf(body, await secret()) }, body }),
        onRetry: (detail) => onResult({ target: 'webhook', result: 'retried', detail }),
      },
      options,
    );
    if (outcome !== null) onResult({ target: 'webhook', ...outcome });
  }

  async function run(): Promise<void> {
    isRunning = true;
    for (let next = waiting.shift(); next !== undefined && !signal.aborted; next = waiting.shift()) await post(next);
    waiting.length = 0;
    isRunning = false;
  }

  return {
    send(event) {
      if (signal.aborted) return;
      waiting.push({ id: randomUUID(), time: new Date(clock.now()).toISOString(), event: bounded(event) });
      if (!isRunning) return void run();
      if (waiting.length <= MAX_WAITING) return;
      const oldest = waiting.shift();
      onResult({
        target: 'webhook',
        result: 'dropped',
        detail:
          `${address.host} is behind by more than ${MAX_WAITING} notifications: ` +
          `the oldest (${oldest?.event.type}) is left out`,
      });
    },
    idle: () => !isRunning,
  };
}

function bounded(event: DeploymentEvent): DeploymentEvent {
  return event.type === 'failed' && event.problems.length > MAX_PROBLEMS
    ? { ...event, problems: event.problems.slice(0, MAX_PROBLEMS) }
    : event;
}

function signatureOf(body: string, secret: string | null): Record<string, string> {
  if (secret === null) return {};
  // An empty secret comes from a file that is being written.
  if (secret === '') throw new Error('the secret is empty');
  return { 'X-Kalpana-Signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` };
}
