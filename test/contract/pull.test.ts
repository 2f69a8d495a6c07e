import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from '@jest/globals';
import type { PullProgress } from '../../controller/model/engine-objects.js';
import {
  json,
  rogueEngine,
  stall,
  stream,
  streamHead,
  chunk,
  type Answer,
  type RogueEngine,
} from './support/rogue-engine.js';
import { failureOf } from './support/outcome.js';

let engine: RogueEngine | null = null;
afterEach(async () => engine?.stop());

async function answering(answer: Answer) {
  engine = await rogueEngine([[/^POST \/v1\.41\/images\/create/, answer]]);
  return engine.connect();
}

const say = (...entries: object[]) => entries.map((entry) => `${JSON.stringify(entry)}\r\n`).join('');
const drop = () => undefined;

it.each<[string, Answer, object]>([
  [
    'an error line inside a 200 (trap dockerode-5)',
    stream([
      say(
        { status: 'Pulling' },
        { errorDetail: { message: 'toomanyrequests: slow down' }, error: 'toomanyrequests: slow down' },
      ),
    ]),
    { kind: 'pull-failed', message: 'toomanyrequests: slow down' },
  ],
  [
    'an error line with its detail alone',
    stream([say({ errorDetail: { message: 'manifest unknown' } })]),
    { kind: 'pull-failed', message: 'manifest unknown' },
  ],
  [
    'an error line before a cut',
    stream([say({ error: 'unexpected EOF' })], 'cut'),
    { kind: 'pull-failed', message: 'unexpected EOF' },
  ],
  ['an error line without a newline', stream(['{"error":"denied"}']), { kind: 'pull-failed', message: 'denied' }],
  [
    'a cut before the end',
    stream([say({ status: 'Downloading', id: 'a', progressDetail: { current: 1, total: 2 } })], 'cut'),
    { kind: 'unreachable' },
  ],
  ['a line that is no JSON', stream([say({ status: 'Pulling' }), '<html>\n']), { kind: 'malformed' }],
  ['half a line', stream(['{"status":"Pul']), { kind: 'malformed' }],
  [
    'refused by the registry',
    json(404, { message: 'pull access denied for x, repository does not exist' }),
    { kind: 'pull-failed', status: 404, message: 'pull access denied for x, repository does not exist' },
  ],
  [
    'no way to the registry',
    json(500, { message: 'Get "https://r/v2/": connection refused' }),
    { kind: 'pull-failed', status: 500 },
  ],
  ['a bad reference', json(400, { message: 'invalid reference format' }), { kind: 'rejected', status: 400 }],
])('%s', async (_name, answer, expected) => {
  const failure = await failureOf((await answering(answer)).pullImage('r/x:1', drop));
  expect(failure).toMatchObject({ verb: 'pullImage', ...expected });
});

it('the deadline is on silence: what was heard puts it off', async () => {
  const deadlines: (() => void)[] = [];
  let set = 0;
  const clock = {
    now: () => 0,
    after(_ms: number, task: () => void) {
      set++;
      deadlines.push(task);
      return () => void deadlines.splice(deadlines.indexOf(task), 1);
    },
  };
  engine = await rogueEngine([[/images\/create/, stall(streamHead() + chunk(say({ status: 'Pulling' })).toString())]]);
  const port = engine.connect({ clock });
  await port.version();
  set = 0;
  const failure = await failureOf(port.pullImage('x', () => setImmediate(() => deadlines.at(-1)?.())));
  expect(failure).toMatchObject({ kind: 'timeout', verb: 'pullImage', message: 'The engine was silent for 120 s' });
  expect(set).toBeGreaterThan(1);
});

it('progress is the sum over the layers, told when the word changes and every 250 ms', async () => {
  let now = 0;
  const layer = (id: string, status: string, current?: number) => ({
    id,
    status,
    progressDetail: current === undefined ? {} : { current, total: 100 },
  });
  const steps = [
    { status: 'Pulling from library/x', id: '1' },
    layer('a', 'Downloading', 10),
    layer('b', 'Downloading', 20),
    layer('a', 'Downloading', 50),
    layer('b', 'Download complete'),
    layer('a', 'Extracting', 7),
    { status: 'Digest: sha256:1' },
  ];
  const seen: PullProgress[] = [];
  engine = await rogueEngine([[/images\/create/, stream([say(...steps)])]]);
  const port = engine.connect({ clock: { now: () => (now += 100), after: () => () => undefined } });
  await port.pullImage('x:1', (progress) => seen.push(progress));
  expect(seen.map(({ status, currentBytes, totalBytes }) => `${status} ${currentBytes}/${totalBytes}`)).toEqual([
    'Pulling from library/x 0/0',
    'Downloading 10/100',
    'Download complete 150/200',
    'Extracting 150/200',
    'Digest: sha256:1 150/200',
  ]);
  expect(seen[0]!.image).toBe('x:1');
});

it.each([
  ['x', 'x', 'latest'],
  ['x:1', 'x', '1'],
  ['host:5000/a/b', 'host:5000/a/b', 'latest'],
  ['host:5000/a/b:2', 'host:5000/a/b', '2'],
  ['x@sha256:abc', 'x', 'sha256:abc'],
  ['x:1@sha256:abc', 'x', 'sha256:abc'],
])('%s asks for one tag, never for all', async (reference, fromImage, tag) => {
  await (await answering(stream([]))).pullImage(reference, drop);
  expect(Object.fromEntries(new URL(engine!.received.at(-1)!.url, 'http://x').searchParams)).toEqual({
    fromImage,
    tag,
  });
});

it('sends the credentials of docker login for that registry alone', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'kalpana-config-'));
  try {
    await writeFile(
      join(dir, 'config.json'),
      JSON.stringify({ auths: { 'https://r.example/v2/': { auth: Buffer.from('me:pass:word').toString('base64') } } }),
    );
    engine = await rogueEngine([[/images\/create/, stream([])]]);
    const port = engine.connect({ dockerConfigDir: dir });
    await port.pullImage('r.example/x', drop);
    await port.pullImage('other.example/x', drop);
    const [, own, other] = engine.received.map(({ headers }) => headers['x-registry-auth']);
    expect(JSON.parse(Buffer.from(own!, 'base64url').toString())).toEqual({
      username: 'me',
      password: 'pass:word',
      serveraddress: 'r.example',
    });
    expect(other).toBeUndefined();
  } finally {
    await rm(dir, { recursive: true });
  }
});
