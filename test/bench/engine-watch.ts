import { request, type ClientRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

export interface SeenEvent {
  /** When it happened, by the engine's clock, which is this machine's: milliseconds since the epoch. */
  readonly atMs: number;
  readonly type: string;
  readonly action: string;
  readonly id: string;
  readonly name: string;
}

/** The engine's own record of what happened when: the same measure for all contestants. */
export interface EngineWatch {
  /** The first event from `sinceMs` on that matches, seen already or yet to come. */
  waitFor(sinceMs: number, matches: (event: SeenEvent) => boolean): Promise<SeenEvent>;
  /** When the last of `count` containers had started, counted from `sinceMs` on. */
  allStarted(count: number, sinceMs: number): Promise<number>;
  /** Until nothing has happened for `ms`. */
  quiet(ms: number): Promise<void>;
  close(): void;
}

const PATIENCE_MS = 120_000;

export async function watchEngine(socketPath: string): Promise<EngineWatch> {
  const seen: SeenEvent[] = [];
  let lastHeard = performance.now();
  let listeners: (() => void)[] = [];
  const heard = (event: SeenEvent) => {
    lastHeard = performance.now();
    seen.push(event);
    listeners.splice(0).forEach((wake) => wake());
  };
  const stream = await openStream(socketPath, heard);

  async function until<T>(what: string, find: () => T | null): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = find();
      if (found !== null) return found;
      if (performance.now() > deadline) throw new Error(`${what} did not happen within ${PATIENCE_MS / 1_000} s`);
      await Promise.race([new Promise<void>((wake) => listeners.push(wake)), delay(1_000)]);
    }
  }

  return {
    waitFor: (sinceMs, matches) =>
      until('the awaited event', () => seen.find((event) => event.atMs >= sinceMs && matches(event)) ?? null),
    allStarted: (count, sinceMs) =>
      until(`the start of ${count} containers`, () => {
        const starts = seen.filter(
          (event) => event.atMs >= sinceMs && event.type === 'container' && event.action === 'start',
        );
        return new Set(starts.map((event) => event.id)).size >= count
          ? Math.max(...starts.map((event) => event.atMs))
          : null;
      }),
    async quiet(ms) {
      for (let left = ms; left > 0; left = lastHeard + ms - performance.now()) await delay(left);
      seen.length = 0;
    },
    close() {
      listeners = [];
      stream.destroy();
    },
  };
}

function openStream(socketPath: string, heard: (event: SeenEvent) => void): Promise<ClientRequest> {
  return new Promise((resolve, reject) => {
    const filters = encodeURIComponent(JSON.stringify({ type: ['container', 'volume', 'network'] }));
    const sent = request({ socketPath, path: `/events?filters=${filters}`, agent: false }, (answer) => {
      let rest = '';
      answer.setEncoding('utf8');
      answer.on('error', () => undefined);
      answer.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line.trim() !== '') heard(eventFrom(line));
      });
      resolve(sent);
    });
    sent.on('error', reject);
    sent.end();
  });
}

function eventFrom(line: string): SeenEvent {
  const event = JSON.parse(line) as {
    Type: string;
    Action: string;
    timeNano: number;
    Actor: { ID: string; Attributes: Record<string, string> };
  };
  return {
    atMs: event.timeNano / 1e6,
    type: event.Type,
    action: event.Action,
    id: event.Actor.ID,
    name: event.Actor.Attributes['name'] ?? '',
  };
}

/** Now on the scale of `SeenEvent.atMs`, to the microsecond. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
