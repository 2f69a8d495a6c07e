import { afterEach, expect, it } from '@jest/globals';
import { systemClock, type Clock } from '../../controller/model/clock.js';
import { frame } from './support/frames.js';
import { failureOf, outcome, signalled } from './support/outcome.js';
import { allReleased, json, rogueEngine, text, type Answer, type RogueEngine } from './support/rogue-engine.js';

let engine: RogueEngine | null = null;
afterEach(async () => engine?.stop());

const CREATED = json(201, { Id: 'e1' });
const ended = (ExitCode: unknown) => json(200, { ID: 'e1', Running: false, ExitCode });
const RUNNING = json(200, { ID: 'e1', Running: true, ExitCode: null });

/** As the engine answers: no length and no chunks, the connection's end is the output's. */
function output(chunks: readonly Buffer[], end: 'end' | 'open' = 'end'): Answer {
  return (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n');
    for (const chunk of chunks) socket.write(chunk);
    if (end === 'end') socket.end();
  };
}

/** Time passes a hundred times as fast. */
const HASTY: Clock = { now: () => systemClock.now() * 100, after: (ms, task) => systemClock.after(ms / 100, task) };

async function running(
  start: Answer,
  inspect: Answer = ended(0),
  { clock = systemClock, create = CREATED }: { clock?: Clock; create?: Answer } = {},
) {
  engine = await rogueEngine([
    [/^POST \/v1\.41\/containers\/a\/exec\?$/, create],
    [/^POST \/v1\.41\/exec\/e1\/start\?$/, start],
    [/^GET \/v1\.41\/exec\/e1\/json\?$/, inspect],
  ]);
  const port = engine.connect({ clock });
  const lines: string[] = [];
  const exec = (options = {}) => port.exec('a', { command: ['build'], onLine: (line) => lines.push(line) }, options);
  return { port, lines, exec };
}

it('asks for both outputs, the user and the environment', async () => {
  const { port } = await running(output([]), ended(7));
  expect(
    await port.exec('a', { command: ['nix', 'build'], user: '1:2', env: { A: 'b=c' }, onLine: () => undefined }),
  ).toEqual({ exitCode: 7 });
  const bodies = engine!.received
    .filter(({ method }) => method === 'POST')
    .map(({ body }) => JSON.parse(body) as unknown);
  expect(bodies).toEqual([
    { AttachStdout: true, AttachStderr: true, Tty: false, Cmd: ['nix', 'build'], Env: ['A=b=c'], User: '1:2' },
    { Detach: false, Tty: false },
  ]);
});

const interleaved = Buffer.concat([
  frame('o1 ü'),
  frame('e1', 2),
  frame(' o1\no2'),
  frame(' e1\r\n\n', 2),
  frame(' o2\n'),
  frame('e2', 2),
  frame('o3'),
]);
const LINES = ['o1 ü o1', 'e1 e1', '', 'o2 o2', 'o3', 'e2'];

it('the streams are told apart, and a line is whole over frames', async () => {
  const { exec, lines } = await running(output([interleaved]), ended(3));
  expect(await exec()).toEqual({ exitCode: 3 });
  expect(lines).toEqual(LINES);
});

it('wherever the output is cut into chunks, the lines are the same', async () => {
  for (let at = 1; at < interleaved.length; at += 3) {
    const { exec, lines } = await running((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.write(interleaved.subarray(0, at), () => setImmediate(() => socket.end(interleaved.subarray(at))));
    });
    await exec();
    expect(lines).toEqual(LINES);
    await engine!.stop();
  }
});

it('20,000 tiny frames in one chunk do not overflow the stack (trap dockerode-6)', async () => {
  const { exec, lines } = await running(
    output([Buffer.concat(Array.from({ length: 20_000 }, (_, index) => frame(index % 100 === 99 ? '\n' : 'x')))]),
  );
  expect(await exec()).toEqual({ exitCode: 0 });
  expect(lines).toEqual(Array(200).fill('x'.repeat(99)));
});

it('a line is cut only when longer than 4 MiB', async () => {
  const pieces = Array.from({ length: 100 }, () => frame('x'.repeat(64 * 1024)));
  const { exec, lines } = await running(output([...pieces, frame('\n')]));
  await exec();
  expect(lines).toHaveLength(2);
  expect(lines[0]!.length).toBeGreaterThan(4 * 1024 * 1024);
  expect(lines.join('')).toBe('x'.repeat(100 * 64 * 1024));
});

it.each<[string, Answer, Answer, string, RegExp]>([
  [
    "a cut within a frame's payload",
    output([frame('whole\n'), frame('lost').subarray(0, 10)]),
    ended(0),
    'unreachable',
    /within a frame/,
  ],
  [
    "a cut within a frame's header",
    output([frame('whole\n'), frame('lost').subarray(0, 3)]),
    ended(0),
    'unreachable',
    /within a frame/,
  ],
  ['a cut after whole frames', output([frame('whole\npart')]), RUNNING, 'unreachable', /still runs/],
  [
    'an end without an exit code',
    output([frame('whole\npart')]),
    json(200, { Running: false, ExitCode: null }),
    'unreachable',
    /still runs/,
  ],
  [
    'a truncated inspect',
    output([frame('whole\npart')]),
    text(200, 'application/json', '{"Running":fal'),
    'malformed',
    /truncated/,
  ],
  ['an exit code that is none', output([frame('whole\npart')]), ended('0'), 'malformed', /ExitCode/],
  ['an inspect that says nothing', output([frame('whole\npart')]), json(200, {}), 'unreachable', /still runs/],
  [
    'an exec that is forgotten',
    output([frame('whole\npart')]),
    json(404, { message: 'No such exec instance: e1' }),
    'conflict',
    /container ended before.*No such exec/,
  ],
])('never an exit code, nor a part of a line: %s', async (_name, start, inspect, kind, words) => {
  const { exec, lines } = await running(start, inspect, { clock: HASTY });
  const failure = await failureOf(exec());
  expect(failure).toMatchObject({ kind, verb: 'exec' });
  expect(failure.message).toMatch(words);
  expect(lines).toEqual(['whole']);
});

it('output that is not framed is none', async () => {
  const { exec } = await running(output([Buffer.from('plain text of some length')]));
  expect(await failureOf(exec())).toMatchObject({
    kind: 'malformed',
    message: expect.stringMatching(/not framed/) as unknown,
  });
});

it('an end that the engine hears of later is waited for', async () => {
  let asked = 0;
  const { exec } = await running(output([]), (socket, request) => (++asked < 4 ? RUNNING : ended(9))(socket, request));
  expect(await exec()).toEqual({ exitCode: 9 });
});

it.each<[string, { create?: Answer; start?: Answer }, string]>([
  ['a missing container', { create: json(404, { message: 'No such container: a' }) }, 'not-found'],
  ['a stopped container', { create: json(409, { message: 'Container a is not running' }) }, 'conflict'],
  ['truncated JSON (trap dockerode-2)', { create: text(201, 'application/json', '{"Id":"e1') }, 'malformed'],
  ['an answer without an id', { create: json(201, {}) }, 'malformed'],
  ['a container that ends in between', { start: json(404, { message: 'No such exec instance: e1' }) }, 'conflict'],
  ['a container paused in between', { start: json(409, { message: 'Container a is paused' }) }, 'conflict'],
  ['a cut before the head', { start: (socket) => socket.destroy() }, 'unreachable'],
  ['a failure', { start: json(500, { message: 'no' }) }, 'server'],
])('%s', async (_name, { create, start }, kind) => {
  const { exec } = await running(start ?? output([]), ended(0), { ...(create === undefined ? {} : { create }) });
  expect(await outcome(exec())).toMatchObject({ kind, verb: 'exec' });
});

it('the deadline is on silence, not on the whole', async () => {
  const { exec, lines } = await running((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    let said = 0;
    const timer = setInterval(
      () => (++said > 12 ? (clearInterval(timer), socket.end()) : socket.write(frame(`${said}\n`))),
      25,
    );
  });
  expect(await exec({ deadlineMs: 200 })).toEqual({ exitCode: 0 });
  expect(lines).toHaveLength(12);
});

it('a stall ends at the deadline and lets the connection go', async () => {
  const { exec } = await running(output([frame('whole\npart')], 'open'));
  expect(await failureOf(exec({ deadlineMs: 100 }))).toMatchObject({
    kind: 'timeout',
    message: 'The engine was silent for 0.1 s',
  });
  await allReleased(engine!);
});

it("the caller's signal ends a command at once and lets the connection go; nothing is heard of it afterwards", async () => {
  const caller = new AbortController();
  const heard = signalled();
  const { port } = await running(output([frame('one\n'), frame('two\n')], 'open'));
  const lines: string[] = [];
  const call = failureOf(
    port.exec(
      'a',
      { command: ['build'], onLine: (line) => (lines.push(line), heard.resolve()) },
      { signal: caller.signal },
    ),
  );
  await heard.promise;
  const before = lines.length;
  caller.abort();
  expect(await call).toMatchObject({ kind: 'aborted', verb: 'exec' });
  await allReleased(engine!);
  expect(lines.length).toBe(before);
});

it('an input goes out on the connection of the answer, and silence ends nothing', async () => {
  const { port } = await running(
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n');
      socket.on('data', (input) => socket.end(frame(`heard ${input.toString()}`)));
    },
    ended(0),
    { clock: HASTY },
  );
  const lines: string[] = [];
  const onInput = (write: (text: string) => void) => void setTimeout(() => write('one two\n'), 50);
  expect(
    await port.exec('a', { command: ['read'], onLine: (line) => lines.push(line), onInput }, { deadlineMs: 4_000 }),
  ).toEqual({ exitCode: 0 });
  expect(lines).toEqual(['heard one two']);
  expect(JSON.parse(engine!.received.find(({ method }) => method === 'POST')!.body)).toMatchObject({
    AttachStdin: true,
  });
});

it('a command that waits for input is let go by its signal', async () => {
  const { port } = await running(output([frame('waits\n')], 'open'), RUNNING);
  const stop = new AbortController();
  const failure = failureOf(
    port.exec(
      'a',
      { command: ['read'], onLine: () => stop.abort(), onInput: () => undefined },
      { signal: stop.signal },
    ),
  );
  expect(await failure).toMatchObject({ kind: 'aborted' });
  await allReleased(engine!);
});
