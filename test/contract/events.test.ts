import { afterEach, describe, expect, it } from '@jest/globals';
import type { EngineEvent } from '../../controller/model/engine-objects.js';
import type { DockerPort } from '../../controller/docker/port.js';
import {
  allReleased,
  chunk,
  json,
  lastChunk,
  rogueEngine,
  stall,
  stream,
  streamHead,
  type Answer,
  type RogueEngine,
} from './support/rogue-engine.js';
import { failureOf, signalled } from './support/outcome.js';

let engine: RogueEngine | null = null;
afterEach(async () => engine?.stop());

async function answering(answer: Answer): Promise<DockerPort> {
  engine = await rogueEngine([[/^GET \/v1\.41\/events/, answer]]);
  return engine.connect();
}

const never = new AbortController().signal;

type Request = Parameters<DockerPort['events']>[0];

async function collect(
  port: DockerPort,
  into: EngineEvent[] = [],
  request: Request = {},
  signal = never,
): Promise<EngineEvent[]> {
  for await (const event of port.events(request, { signal })) into.push(event);
  return into;
}

function line(id: string, change: object = {}): string {
  return `${JSON.stringify({ Type: 'container', Action: 'die', Actor: { ID: id, Attributes: { name: `ünï-${id}` } }, time: 1, timeNano: 1500000000, ...change })}\n`;
}

const event = (id: string) => ({ type: 'container', action: 'die', id, attributes: { name: `ünï-${id}` }, time: 1.5 });

describe('framing (trap dockerode-4)', () => {
  const whole = Buffer.from(line('a') + line('b'));
  it.each(
    Array.from({ length: whole.length - 1 }, (_, at) => at + 1).filter((at) => at % 7 === 0 || whole[at]! > 0x7f),
  )('two events cut at byte %i, within a line or a character', async (at) => {
    const port = await answering(stream([whole.subarray(0, at), whole.subarray(at)]));
    expect(await collect(port)).toEqual([event('a'), event('b')]);
  });

  it.each<[string, string[], string[]]>([
    ['two lines in one chunk', [line('a') + line('b')], ['a', 'b']],
    ['one byte a chunk', [...line('a')], ['a']],
    ['blank lines and CRLF', ['\n', line('a').replace('\n', '\r\n'), '\r\n'], ['a']],
    ['a last line without a newline', [line('a').trim()], ['a']],
    ['nothing at all', [], []],
  ])('%s', async (_name, chunks, ids) => {
    expect((await collect(await answering(stream(chunks)))).map(({ id }) => id)).toEqual(ids);
  });
});

describe('the end', () => {
  it.each<[string, Answer, string]>([
    ['cut between events', stream([line('a')], 'cut'), 'unreachable'],
    ['cut within an event', stream([line('a'), '{"Type":'], 'cut'), 'unreachable'],
    ['half an event before a clean end', stream([line('a'), '{"Type":']), 'malformed'],
    ['garbage', stream([line('a'), '<html>\n']), 'malformed'],
    ['JSON that is no event', stream([line('a'), '{}\n']), 'malformed'],
    ['an endless line', stream([line('a'), 'x'.repeat(5_000_000)]), 'malformed'],
  ])('%s throws, after the events before it', async (_name, answer, kind) => {
    const seen: EngineEvent[] = [];
    expect(await failureOf(collect(await answering(answer), seen))).toMatchObject({ kind, verb: 'events' });
    expect(seen).toEqual([event('a')]);
  });

  it.each([
    [json(500, { message: 'no' }), 'server'],
    [json(400, { message: 'no' }), 'rejected'],
  ] as const)('a refused subscription throws', async (answer, kind) => {
    expect(await failureOf(collect(await answering(answer)))).toMatchObject({ kind, message: 'no' });
  });

  it('the signal ends it by return, and lets the connection go', async () => {
    const caller = new AbortController();
    const port = await answering(stream([line('a')], 'open'));
    const seen: string[] = [];
    for await (const { id } of port.events({}, { signal: caller.signal })) {
      seen.push(id);
      caller.abort();
    }
    expect(seen).toEqual(['a']);
    await allReleased(engine!);
  });

  it('a reader that leaves lets the connection go', async () => {
    const port = await answering(stream([line('a'), line('b')], 'open'));
    for await (const { id } of port.events({}, { signal: never })) {
      expect(id).toBe('a');
      break;
    }
    await allReleased(engine!);
  });

  it('close() ends it with `aborted`', async () => {
    const opened = signalled();
    engine = await rogueEngine([[/events/, stall(streamHead())]]);
    const port = engine.connect();
    const reading = failureOf(collect(port, [], { onOpen: opened.resolve }));
    await opened.promise;
    port.close();
    expect(await reading).toMatchObject({ kind: 'aborted' });
  });
});

it('onOpen comes once the engine has accepted, before any event', async () => {
  const opened = signalled();
  const answered = signalled();
  let isOpen = false;
  const port = await answering((socket) => {
    void answered.promise.then(() => socket.write(streamHead()));
    void opened.promise.then(() => socket.end(Buffer.concat([chunk(line('a')), Buffer.from(lastChunk)])));
  });
  const onOpen = () => {
    isOpen = true;
    opened.resolve();
  };
  const events = port.events({ onOpen }, { signal: never })[Symbol.asyncIterator]();
  const first = events.next();
  expect(isOpen).toBe(false);
  answered.resolve();
  expect((await first).value).toEqual(event('a'));
  expect(await events.next()).toEqual({ done: true, value: undefined });
});

it('an idle stream has no deadline: no timer is left once it is open', async () => {
  const timers = new Set<object>();
  const clock = {
    now: () => 0,
    after() {
      const timer = {};
      timers.add(timer);
      return () => void timers.delete(timer);
    },
  };
  engine = await rogueEngine([[/events/, stall(streamHead())]]);
  const caller = new AbortController();
  const port = engine.connect({ clock });
  let timersWhenOpen = -1;
  const onOpen = () => {
    timersWhenOpen = timers.size;
    caller.abort();
  };
  await collect(port, [], { onOpen }, caller.signal);
  expect(timersWhenOpen).toBe(0);
});

it('a subscription that is never answered ends at its deadline', async () => {
  const asked = signalled();
  const clock = {
    now: () => 0,
    after: (ms: number, task: () => void) => (ms === 30_000 && void asked.promise.then(task), () => undefined),
  };
  engine = await rogueEngine([[/events/, () => asked.resolve()]]);
  expect(await failureOf(collect(engine.connect({ clock })))).toMatchObject({ kind: 'timeout', verb: 'events' });
});

it('a reader that falls behind is told so; nothing piles up for ever (trap dockerode-10)', async () => {
  const many = Array.from({ length: 30_000 }, (_, index) => line(String(index))).join('');
  const events = (await answering(stream([line('a'), many], 'open')))
    .events({}, { signal: never })
    [Symbol.asyncIterator]();
  expect((await events.next()).value).toEqual(event('a'));
  await allReleased(engine!); // The reader sleeps; the adapter reads on, and gives up.
  const failure = await failureOf(
    (async () => {
      while (!(await events.next()).done);
    })(),
  );
  expect(failure).toMatchObject({ kind: 'unreachable' });
  expect(failure.message).toMatch(/fell behind/);
});

it('asks for what can change our view, and drops the rest should the engine not filter', async () => {
  const others = [
    line('x', { Action: 'exec_create: true' }),
    line('x', { Action: 'exec_die' }),
    line('x', { Action: 'top' }),
    line('x', { Type: 'daemon', Action: 'reload' }),
  ];
  const port = await answering(stream([...others, line('a'), line('b', { Action: 'health_status: healthy' })]));
  expect((await collect(port)).map(({ id, action }) => [id, action])).toEqual([
    ['a', 'die'],
    ['b', 'health_status: healthy'],
  ]);
  const filters = JSON.parse(new URL(engine!.received.at(-1)!.url, 'http://x').searchParams.get('filters')!) as Record<
    string,
    string[]
  >;
  expect(filters['type']).toEqual(['container', 'volume', 'network', 'image']);
  expect(filters['event']).toEqual(expect.arrayContaining(['die', 'health_status']));
  expect(filters['event']!.filter((name) => name.startsWith('exec'))).toEqual([]);
});

it.each([
  [1795421222.1307297, '1795421222.130728722'],
  [0, '0.000000000'],
  [1795421222, '1795421221.999999046'],
])('since %d is passed with its fraction, a microsecond early', async (since, passed) => {
  const port = await answering(stream([]));
  await collect(port, [], { since });
  expect(new URL(engine!.received.at(-1)!.url, 'http://x').searchParams.get('since')).toBe(passed);
});

it("a network's event names the network, and the container in its attributes", async () => {
  const port = await answering(
    stream([
      line('n1', {
        Type: 'network',
        Action: 'disconnect',
        Actor: { ID: 'n1', Attributes: { container: 'c1', name: 'net' } },
      }),
    ]),
  );
  expect(await collect(port)).toMatchObject([
    { type: 'network', action: 'disconnect', id: 'n1', attributes: { container: 'c1' } },
  ]);
});
