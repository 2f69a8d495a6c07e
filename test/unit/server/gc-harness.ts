import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { expect } from '@jest/globals';
import type { Clock } from '../../../controller/model/clock.js';
import type { GcNews } from '../../../controller/model/gc-status.js';
import type { Collect } from '../../../controller/server/gc-route.js';

export const gcPath = '/api/v1/caches/default/gc';

/** A collector that does what the test says. */
export interface Collector {
  readonly collect: Collect;
  readonly asked: [string, boolean][];
  tell(news: GcNews): void;
  end(): void;
  fail(error: Error): void;
  readonly ended: Promise<void>;
}

export function createCollector(): Collector {
  const asked: [string, boolean][] = [];
  let end: () => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  let onNews: (news: GcNews) => void = () => {
    throw new Error('nobody has asked');
  };
  function collect(
    cache: string,
    { dryRun }: { readonly dryRun: boolean },
    listener: (news: GcNews) => void,
  ): Promise<void> {
    asked.push([cache, dryRun]);
    onNews = listener;
    return promise;
  }
  return { collect, asked, tell: (news) => onNews(news), end, fail, ended: promise };
}

/** Asks, and reads line by line as they come. */
export function openStream(socketPath: string) {
  const sent: ClientRequest = request({ socketPath, method: 'POST', path: gcPath, agent: false });
  sent.on('error', () => undefined);
  sent.end('{}');
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  answered.catch(() => undefined);
  async function* read(): AsyncGenerator<unknown, void> {
    const [response] = await answered;
    let text = '';
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
      const whole = (text + chunk).split('\n');
      text = whole.pop() ?? '';
      for (const line of whole) yield JSON.parse(line);
    }
    expect(text).toBe('');
  }
  const lines = read();
  async function rest(): Promise<unknown[]> {
    const all: unknown[] = [];
    for await (const line of lines) all.push(line);
    return all;
  }
  return { sent, answered, next: async () => (await lines.next()).value, rest };
}

/** Without a clock of its own: the collector was asked when the request is read. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Counts the timers that are set and neither ran nor were cancelled. */
export function countTimers(clock: Clock) {
  const open = new Set<object>();
  const counted: Clock = {
    now: clock.now,
    after(ms, task) {
      const timer = {};
      open.add(timer);
      const cancel = clock.after(ms, () => {
        open.delete(timer);
        task();
      });
      return () => {
        open.delete(timer);
        cancel();
      };
    },
  };
  return { counted, open };
}
