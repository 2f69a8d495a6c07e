import { afterEach, expect, it } from '@jest/globals';
import { empty, json, rogueEngine, VERSION, type Answer, type RogueEngine } from './support/rogue-engine.js';
import { failureOf, outcome, signalled } from './support/outcome.js';

let engine: RogueEngine | null = null;
afterEach(async () => engine?.stop());

const lists: readonly [RegExp, Answer] = [/^GET \/v1\.\d+\/networks/, json(200, [])];
const version = (answer: Answer): readonly [RegExp, Answer] => [/^GET \/version/, answer];
const urls = () => engine!.received.map(({ url }) => url.replace(/\?$/, ''));

it.each([
  ['1.41', '1.12', '/v1.41/networks'],
  ['1.45', '1.24', '/v1.45/networks'],
  ['1.55', '1.44', '/v1.47/networks'],
  ['1.100', '1.44', '/v1.47/networks'],
])('an engine that speaks %s, %s at the least, is asked %s', async (ApiVersion, MinAPIVersion, path) => {
  engine = await rogueEngine([version(json(200, { ...VERSION, ApiVersion, MinAPIVersion })), lists]);
  await engine.connect().listNetworks();
  expect(urls()).toEqual(['/version', path]);
});

it.each<[string, Answer, object]>([
  [
    'too old',
    json(200, { ...VERSION, Version: '19.03.15', ApiVersion: '1.40' }),
    {
      kind: 'rejected',
      message: expect.stringMatching(/19\.03\.15 speaks API 1\.40 at most, and 1\.41 is needed: upgrade the engine/),
    },
  ],
  [
    'too new',
    json(200, { ...VERSION, Version: '99', ApiVersion: '1.99', MinAPIVersion: '1.90' }),
    { kind: 'rejected', message: expect.stringMatching(/upgrade the controller/) },
  ],
  [
    'no /version: not taken for an absent object',
    json(404, { message: 'nope' }),
    { kind: 'malformed', message: expect.stringMatching(/is no Docker engine/) },
  ],
  ['another JSON', json(200, { hello: 'world' }), { kind: 'malformed' }],
  ['an error', json(503, { message: 'starting' }), { kind: 'server', message: 'starting' }],
  ['an empty answer', empty(200), { kind: 'malformed' }],
])('%s: every call fails with it, under its own verb', async (_name, answer, expected) => {
  engine = await rogueEngine([version(answer)]);
  expect(await outcome(engine.connect().inspectContainer('a'))).toMatchObject({
    verb: 'inspectContainer',
    ...expected,
  });
});

it('negotiates once for all who ask at once', async () => {
  engine = await rogueEngine([lists]);
  const port = engine.connect();
  await Promise.all(Array.from({ length: 20 }, () => port.listNetworks()));
  expect(urls().filter((url) => url === '/version')).toHaveLength(1);
});

it('keeps no failure: the next call negotiates anew', async () => {
  let isUp = false;
  engine = await rogueEngine([
    version((socket, request) => (isUp ? json(200, VERSION)(socket, request) : socket.destroy())),
    lists,
  ]);
  const port = engine.connect();
  expect(await failureOf(port.listNetworks())).toMatchObject({ kind: 'unreachable', verb: 'listNetworks' });
  isUp = true;
  expect(await port.listNetworks()).toEqual([]);
});

it("one caller's abort does not take the negotiation from another", async () => {
  const asked = signalled();
  const mayAnswer = signalled();
  engine = await rogueEngine([
    version((socket, request) => {
      asked.resolve();
      void mayAnswer.promise.then(() => json(200, VERSION)(socket, request));
    }),
    lists,
  ]);
  const port = engine.connect();
  const caller = new AbortController();
  const first = failureOf(port.listNetworks({ signal: caller.signal }));
  const second = port.listNetworks();
  await asked.promise;
  caller.abort();
  expect(await first).toMatchObject({ kind: 'aborted' });
  mayAnswer.resolve();
  expect(await second).toEqual([]);
});

it('negotiates anew after a lost connection: the engine may have been upgraded under us', async () => {
  let api = '1.41';
  let isLost = false;
  engine = await rogueEngine([
    version((socket, request) => json(200, { ...VERSION, ApiVersion: api })(socket, request)),
    [/networks/, (socket, request) => (isLost ? socket.destroy() : json(200, [])(socket, request))],
  ]);
  const port = engine.connect();
  await port.listNetworks();
  isLost = true;
  expect(await failureOf(port.listNetworks())).toMatchObject({ kind: 'unreachable' });
  isLost = false;
  api = '1.45';
  await port.listNetworks();
  expect(urls()).toEqual(['/version', '/v1.41/networks', '/v1.41/networks', '/version', '/v1.45/networks']);
});

it.each([['too old. Minimum supported API version is 1.44'], ['too new. Maximum supported API version is 1.43']])(
  'an engine exchanged between two calls: client version %s',
  async (words) => {
    let api = '1.41';
    engine = await rogueEngine([
      version((socket, request) => json(200, { ...VERSION, ApiVersion: api })(socket, request)),
      [/^GET \/v1\.43/, json(200, [])],
      [
        /networks/,
        (socket, request) => {
          api = '1.43';
          json(400, { message: `client version 1.41 is ${words}` })(socket, request);
        },
      ],
    ]);
    expect(await engine.connect().listNetworks()).toEqual([]);
    expect(urls()).toEqual(['/version', '/v1.41/networks', '/version', '/v1.43/networks']);
  },
);

it('version() asks the engine every time, and spares the next call the question', async () => {
  engine = await rogueEngine([lists]);
  const port = engine.connect();
  expect(await port.version()).toEqual({ engine: '20.10.24', api: '1.41' });
  await port.version();
  await port.listNetworks();
  expect(urls()).toEqual(['/version', '/version', '/v1.41/networks']);
});
