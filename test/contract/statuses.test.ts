import { afterEach, expect, it } from '@jest/globals';
import type { DockerPort } from '../../controller/docker/port.js';
import { empty, json, rogueEngine, text, type Answer, type RogueEngine } from './support/rogue-engine.js';
import { failureOf, outcome } from './support/outcome.js';
import { DEFINITION } from './support/samples.js';

let engine: RogueEngine | null = null;
afterEach(async () => engine?.stop());

async function answering(answer: Answer) {
  engine = await rogueEngine([[/^\S+ \/v1\.41\//, answer]]);
  return engine.connect();
}

type Verb = [string, (port: DockerPort) => Promise<unknown>];
const VERBS: readonly Verb[] = [
  ['listContainers', (port) => port.listContainers()],
  ['inspectContainer', (port) => port.inspectContainer('a')],
  ['createContainer', (port) => port.createContainer('a', DEFINITION)],
  ['startContainer', (port) => port.startContainer('a')],
  ['stopContainer', (port) => port.stopContainer('a', 1)],
  ['unpauseContainer', (port) => port.unpauseContainer('a')],
  ['renameContainer', (port) => port.renameContainer('a', 'b')],
  ['updateContainer', (port) => port.updateContainer('a', { limits: DEFINITION.limits, restartPolicy: 'no' })],
  ['removeContainer', (port) => port.removeContainer('a', true)],
  ['tailContainer', (port) => port.tailContainer('a', 10)],
  ['listVolumes', (port) => port.listVolumes()],
  ['createVolume', (port) => port.createVolume('a', {})],
  ['removeVolume', (port) => port.removeVolume('a')],
  ['listNetworks', (port) => port.listNetworks()],
  ['createNetwork', (port) => port.createNetwork('a', {})],
  ['connectNetwork', (port) => port.connectNetwork('a', 'b')],
  ['disconnectNetwork', (port) => port.disconnectNetwork('a', 'b')],
  ['inspectImage', (port) => port.inspectImage('a')],
  ['exec', (port) => port.exec('a', { command: ['true'], onLine: () => undefined })],
  ['pathEntries', (port) => port.pathEntries('a', '/nix', 1)],
  ['putDirectories', (port) => port.putDirectories('a', '/p', ['x'])],
];

it.each(VERBS)("%s: the engine's own words, on one line, and the verb", async (verb, call) => {
  const failure = await failureOf(call(await answering(json(500, { message: 'driver failed\n  on endpoint ' }))));
  expect(failure).toMatchObject({ kind: 'server', status: 500, verb, message: 'driver failed on endpoint' });
});

it.each(VERBS)('%s: a 404 page of a proxy makes nothing absent (law 2)', async (verb, call) => {
  const failure = await failureOf(call(await answering(text(404, 'text/html', '<html>Not Found</html>'))));
  expect(failure).toMatchObject({ kind: 'malformed', status: 404, verb });
});

it.each(VERBS)('%s: an engine that does not know the route says nothing about the object', async (verb, call) => {
  expect(await failureOf(call(await answering(json(404, { message: 'page not found' }))))).toMatchObject({
    kind: 'malformed',
    verb,
  });
});

it.each(VERBS)('%s: an answer cut off is unreachable, whatever it was about to say', async (verb, call) => {
  expect(await failureOf(call(await answering((socket) => socket.destroy())))).toMatchObject({
    kind: 'unreachable',
    verb,
  });
});

it.each<[number, string]>([
  [400, 'rejected'],
  [401, 'rejected'],
  [403, 'rejected'],
  [404, 'not-found'],
  [409, 'conflict'],
  [500, 'server'],
  [503, 'server'],
])('status %i is %s', async (status, kind) => {
  expect(await failureOf((await answering(json(status, { message: 'no' }))).startContainer('a'))).toMatchObject({
    kind,
    status,
    message: 'no',
  });
});

it.each<[string, Answer, string]>([
  ['HTML', text(502, 'text/html', '<html>Bad Gateway</html>'), 'server'],
  ['an empty body', empty(500), 'server'],
  ['a message that is no text', json(500, { message: { a: 1 } }), 'server'],
  ['JSON that is no object', json(500, 'no'), 'server'],
])('an error status with %s', async (_name, answer, kind) => {
  const failure = await failureOf((await answering(answer)).startContainer('a'));
  expect(failure.kind).toBe(kind);
  expect(failure.message).toMatch(/without the engine's words/);
});

it.each<[string, Answer, (port: DockerPort) => Promise<unknown>, unknown]>([
  ['start: 304', empty(304), (port) => port.startContainer('a'), undefined],
  ['stop: 304', empty(304), (port) => port.stopContainer('a', 1), undefined],
  [
    'remove container: 404',
    json(404, { message: 'No such container: a' }),
    (port) => port.removeContainer('a', false),
    undefined,
  ],
  ['remove volume: 404', json(404, { message: 'get a: no such volume' }), (port) => port.removeVolume('a'), undefined],
  [
    'unpause: not paused',
    json(500, { message: 'Container a is not paused' }),
    (port) => port.unpauseContainer('a'),
    undefined,
  ],
  [
    'rename: has that name',
    json(400, { message: 'Renaming a container with the same name as its current name' }),
    (port) => port.renameContainer('a', 'a'),
    undefined,
  ],
  [
    'connect: is connected',
    json(403, { message: 'endpoint with name a already exists in network n' }),
    (port) => port.connectNetwork('n', 'a'),
    undefined,
  ],
  [
    'disconnect: is not connected',
    json(500, { message: 'container a is not connected to network n' }),
    (port) => port.disconnectNetwork('n', 'a'),
    undefined,
  ],
  ['inspect: 404', json(404, { message: 'No such container: a' }), (port) => port.inspectContainer('a'), null],
  ['inspect image: 404', json(404, { message: 'No such image: a' }), (port) => port.inspectImage('a'), null],
])('already so is success: %s', async (_name, answer, call, expected) => {
  expect(await outcome(call(await answering(answer)))).toBe(expected);
});

it('304 is no answer to anything else', async () => {
  expect(await failureOf((await answering(empty(304))).renameContainer('a', 'b'))).toMatchObject({ kind: 'malformed' });
});

it.each([[''], ['.'], ['..']])('a name such as %j is refused before it becomes another route', async (name) => {
  const port = await answering(json(200, []));
  expect(await failureOf(port.removeVolume(name))).toMatchObject({ kind: 'rejected', verb: 'removeVolume' });
  expect(await failureOf(port.inspectContainer(name))).toMatchObject({ kind: 'rejected', verb: 'inspectContainer' });
  expect(engine!.received).toEqual([]);
});

it.each([
  [
    'what stands there',
    [
      200,
      'X-Docker-Container-Path-Stat: ' +
        Buffer.from('{"name":"r","linkTarget":"/nix/store/x"}').toString('base64') +
        '\r\n',
    ],
    200,
    { linkTarget: '/nix/store/x' },
  ],
  ['nothing there', [404, ''], 200, null],
  [
    'no such container',
    [404, ''],
    404,
    { kind: 'not-found', verb: 'statPath', status: 404, message: 'No such container: a' },
  ],
  ['no header', [200, ''], 200, expect.objectContaining({ kind: 'malformed' })],
] as const)('statPath: %s', async (_name, [status, headers], inspectStatus, expected) => {
  engine = await rogueEngine([
    [/^HEAD \/v1\.41\/containers\/a\/archive\?path=%2Fworkspace%2Fr$/, empty(status, headers)],
    [/^GET \/v1\.41\/containers\/a\/json/, json(inspectStatus, { message: 'No such container: a' })],
  ]);
  expect(await outcome(engine.connect().statPath('a', '/workspace/r'))).toEqual(expected);
});

it("statPath: a failure's words come from a GET, for a HEAD has none", async () => {
  engine = await rogueEngine([
    [/^HEAD /, empty(500)],
    [/^GET .*archive/, json(500, { message: 'lstat /volumes/v/_data: no such file or directory' })],
  ]);
  expect(await failureOf(engine.connect().statPath('a', '/workspace'))).toMatchObject({
    kind: 'server',
    message: 'lstat /volumes/v/_data: no such file or directory',
  });
});
