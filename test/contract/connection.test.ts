import { afterEach, expect, it } from '@jest/globals';
import { connectEngine } from '../../controller/docker/dockerode-port.js';
import {
  allReleased,
  bytes,
  rogueEngine,
  stall,
  stream,
  text,
  type Answer,
  type RogueEngine,
} from './support/rogue-engine.js';
import { failureOf, signalled } from './support/outcome.js';

let engine: RogueEngine | null = null;
afterEach(async () => {
  await engine?.stop();
  engine = null;
});

const NEVER: Answer = () => undefined;
const list = /^GET \/v1\.41\/containers\/json/;

it.each<[string, Answer, string, RegExp]>([
  ['cut before the head', (socket) => socket.destroy(), 'unreachable', /connection was lost/],
  ['cut within the head', bytes('HTTP/1.1 200 OK\r\nContent-Le'), 'unreachable', /connection was lost/],
  [
    'cut within a body of known length (trap dockerode-1)',
    bytes('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[{"Id":'),
    'unreachable',
    /connection was lost/,
  ],
  ['cut within a chunked body (trap dockerode-1)', stream(['[{"Id":'], 'cut'), 'unreachable', /connection was lost/],
  [
    'truncated JSON in a whole answer (trap dockerode-2)',
    text(200, 'application/json', '[{"Id":"abc"'),
    'malformed',
    /truncated or not JSON/,
  ],
  [
    'truncated JSON ended by a close',
    bytes('HTTP/1.1 200 OK\r\n\r\n[{"Id":"abc"'),
    'malformed',
    /truncated or not JSON/,
  ],
  ['empty body', text(200, 'application/json', ''), 'malformed', /is empty/],
  ['HTML in a 200', text(200, 'text/html', '<html>login</html>'), 'malformed', /truncated or not JSON/],
  ['an object for a list', text(200, 'application/json', '{}'), 'malformed', /not a list/],
  ['null for a list', text(200, 'application/json', 'null'), 'malformed', /not a list/],
  ['a redirect', text(301, 'text/html', 'Moved'), 'malformed', /HTTP 301/],
  ['not HTTP at all', bytes('SSH-2.0-OpenSSH_9.2\r\n'), 'malformed', /does not speak HTTP/],
])('a list: %s', async (_name, answer, kind, words) => {
  engine = await rogueEngine([[list, answer]]);
  const failure = await failureOf(engine.connect().listContainers());
  expect(failure).toMatchObject({ kind, verb: 'listContainers' });
  expect(failure.message).toMatch(words);
  expect(failure.message).not.toMatch(/\n/);
});

it.each<[string, Answer]>([
  ['no head ever', NEVER],
  ['a head and no body', stall('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n')],
  ['half a body', stall('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[{"Id":')],
])('a stall ends at the deadline and lets the connection go: %s', async (_name, answer) => {
  engine = await rogueEngine([[list, answer]]);
  const port = engine.connect();
  await port.version();
  const failure = await failureOf(port.listContainers({}, { deadlineMs: 20 }));
  expect(failure).toMatchObject({ kind: 'timeout', message: 'The engine was silent for 0.02 s' });
  await allReleased(engine);
});

it("the caller's signal ends a call at once and lets the connection go", async () => {
  const asked = signalled();
  engine = await rogueEngine([[list, () => asked.resolve()]]);
  const caller = new AbortController();
  const call = failureOf(engine.connect().listContainers({}, { signal: caller.signal }));
  await asked.promise;
  caller.abort();
  expect(await call).toMatchObject({ kind: 'aborted', verb: 'listContainers' });
  await allReleased(engine);
});

it('a signal that has aborted before asks nothing', async () => {
  engine = await rogueEngine([]);
  expect(await failureOf(engine.connect().listContainers({}, { signal: AbortSignal.abort() }))).toMatchObject({
    kind: 'aborted',
  });
  expect(engine.received).toEqual([]);
});

it.each([
  ['socket absent', '/nonexistent/docker.sock', /no such socket/],
  ['a file where the socket should be', '/etc/hostname', /nothing listens there/],
])('no connection: %s', async (_name, socketPath, words) => {
  const port = connectEngine({ kind: 'socket', host: `unix://${socketPath}`, origin: 'default socket', socketPath });
  const failure = await failureOf(port.inspectContainer('a'));
  expect(failure).toMatchObject({ kind: 'unreachable', verb: 'inspectContainer', status: null });
  expect(failure.message).toMatch(words);
  expect(failure.message).toContain(`unix://${socketPath}`);
});

it('a refused TCP port', async () => {
  engine = await rogueEngine([], { tcp: true });
  const { endpoint } = engine;
  await engine.stop();
  engine = null;
  expect((await failureOf(connectEngine(endpoint).version())).message).toMatch(/connection refused/);
});

it.each([[false], [true]])('works over TCP and a socket alike (TCP: %s)', async (tcp) => {
  engine = await rogueEngine([[list, text(200, 'application/json', '[]')]], { tcp });
  expect(await engine.connect().listContainers()).toEqual([]);
  expect(engine.received.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'GET /version?',
    'GET /v1.41/containers/json?all=1',
  ]);
});

it('a connection serves one request: none is sent on one that the engine may have closed', async () => {
  engine = await rogueEngine([[list, text(200, 'application/json', '[]')]]);
  const port = engine.connect();
  for (let i = 0; i < 5; i++) await port.listContainers();
  expect(engine.received.map(({ headers }) => headers['connection'])).toEqual(Array(6).fill('close'));
});

it("the host's own environment does not reach docker-modem", async () => {
  const before = { ...process.env };
  Object.assign(process.env, {
    DOCKER_HOST: 'tcp://203.0.113.1:1',
    DOCKER_CLIENT_TIMEOUT: '1',
    DOCKER_PATH_PREFIX: '/elsewhere',
  });
  try {
    engine = await rogueEngine([[list, text(200, 'application/json', '[]')]]);
    expect(await engine.connect().listContainers()).toEqual([]);
  } finally {
    process.env = before;
  }
});

it('close() ends what is under way, and leaves no connection and no timer behind', async () => {
  const asked = signalled();
  engine = await rogueEngine([[list, () => asked.resolve()]]);
  const timers = new Set<object>();
  const clock = {
    now: () => 0,
    after() {
      const timer = {};
      timers.add(timer);
      return () => void timers.delete(timer);
    },
  };
  const port = connectEngine(engine.endpoint, { clock });
  const call = failureOf(port.listContainers());
  await asked.promise;
  expect(timers.size).toBe(1);
  port.close();
  expect(await call).toMatchObject({ kind: 'aborted' });
  await allReleased(engine);
  expect(timers.size).toBe(0);
  expect(await failureOf(port.listContainers())).toMatchObject({ kind: 'aborted' });
});

it.each([
  ['a socket', false, 301],
  ['TCP', true, 307],
])('a redirect over %s is refused, and nothing goes after it', async (_name, tcp, status) => {
  engine = await rogueEngine(
    [
      [
        /networks/,
        (socket) =>
          socket.end(`HTTP/1.1 ${status} X\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: 0\r\n\r\n`),
      ],
      [list, text(200, 'application/json', '[]')],
    ],
    { tcp },
  );
  const port = engine.connect();
  expect(await failureOf(port.listNetworks())).toMatchObject({ kind: 'malformed', status });
  expect(await port.listContainers()).toEqual([]);
});
