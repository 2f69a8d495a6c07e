import { inspect } from 'node:util';
import { afterEach, expect, it } from '@jest/globals';
import { NAMESPACES_PROFILE } from '../../controller/docker/seccomp-profile.js';
import { Secret } from '../../controller/model/secret.js';
import { empty, json, rogueEngine, text, type Answer, type RogueEngine } from './support/rogue-engine.js';
import { failureOf } from './support/outcome.js';
import { DEFINITION, INSPECTED } from './support/samples.js';

let engine: RogueEngine | null = null;
afterEach(async () => engine?.stop());

const created = json(201, { Id: 'c0ffee', Warnings: [] });
const sent = () => JSON.parse(engine!.received.at(-1)!.body) as unknown;

async function answering(answer: Answer) {
  engine = await rogueEngine([[/^POST \/v1\.41\/containers\/create\?name=workspace-alice$/, answer]]);
  return engine.connect();
}

it('a whole definition becomes this request', async () => {
  const port = await answering(created);
  const id = await port.createContainer('workspace-alice', {
    ...DEFINITION,
    env: [
      { name: 'EDITOR', value: 'vim' },
      { name: 'TOKEN', value: new Secret('swordfish-1234') },
    ],
    mounts: [
      { type: 'volume', source: 'v', target: '/workspace', readOnly: false },
      { type: 'volume', source: 'nix', target: '/nix', readOnly: true, noCopy: true, labels: { a: 'b' } },
      { type: 'bind', source: '/srv', target: '/srv', readOnly: true },
    ],
    ports: [
      { containerPort: 80, protocol: 'tcp', hostIP: '127.0.0.1', hostPort: 8080 },
      { containerPort: 80, protocol: 'tcp', hostIP: '::1', hostPort: 8080 },
      { containerPort: 53, protocol: 'udp', hostIP: '0.0.0.0', hostPort: 5353 },
    ],
    shmBytes: 64,
    limits: { nanoCpus: 5e8, memoryBytes: 1048576, pids: 7 },
    healthcheck: { test: ['CMD', 'true'], intervalMs: 10_000, timeoutMs: 2_000, startPeriodMs: 0, retries: 3 },
  });
  expect(id).toBe('c0ffee');
  expect(sent()).toEqual({
    Image: 'base:1',
    Cmd: ['sleep', 'infinity'],
    Hostname: 'alice',
    Env: ['EDITOR=vim', 'TOKEN=swordfish-1234'],
    Labels: { 'kalpana.managed': 'true' },
    Tty: false,
    OpenStdin: false,
    ExposedPorts: { '80/tcp': {}, '53/udp': {} },
    Healthcheck: {
      Test: ['CMD', 'true'],
      Interval: 10_000_000_000,
      Timeout: 2_000_000_000,
      StartPeriod: 0,
      Retries: 3,
    },
    HostConfig: {
      Init: true,
      NetworkMode: 'kalpana-workspaces',
      Mounts: [
        {
          Type: 'volume',
          Source: 'v',
          Target: '/workspace',
          ReadOnly: false,
          VolumeOptions: { NoCopy: false, Labels: {} },
        },
        {
          Type: 'volume',
          Source: 'nix',
          Target: '/nix',
          ReadOnly: true,
          VolumeOptions: { NoCopy: true, Labels: { a: 'b' } },
        },
        { Type: 'bind', Source: '/srv', Target: '/srv', ReadOnly: true },
      ],
      PortBindings: {
        '80/tcp': [
          { HostIp: '127.0.0.1', HostPort: '8080' },
          { HostIp: '::1', HostPort: '8080' },
        ],
        '53/udp': [{ HostIp: '0.0.0.0', HostPort: '5353' }],
      },
      RestartPolicy: { Name: 'unless-stopped' },
      ShmSize: 64,
      NanoCpus: 5e8,
      Memory: 1048576,
      MemorySwap: 1048576,
      PidsLimit: 7,
    },
  });
});

it.each([
  ['a share of the host, in whole MiB', { memoryShare: 0.75 }, 0, 5_999_951_872],
  ['what the definition says, and the host is not asked', { memoryShare: 0.75 }, 2 ** 30, 2 ** 30],
  ['none', {}, 0, 0],
])('the limit of memory is %s', async (_name, share, memoryBytes, Memory) => {
  engine = await rogueEngine([
    [/^GET .*\/info/, json(200, { NCPU: 4, MemTotal: 8_000_000_001 })],
    [/^POST .*\/containers\/create/, created],
  ]);
  const limits = { ...DEFINITION.limits, memoryBytes };
  await engine.connect().createContainer('a', { ...DEFINITION, ...share, limits });
  expect(sent()).toMatchObject({ HostConfig: { Memory, MemorySwap: Memory } });
  expect(engine.received.filter(({ url }) => url.includes('/info'))).toHaveLength(Memory === 5_999_951_872 ? 1 : 0);
});

it('no container is made without a bound because the host does not tell its memory', async () => {
  engine = await rogueEngine([
    [/^GET .*\/info/, json(200, { NCPU: 4 })],
    [/^POST .*\/containers\/create/, created],
  ]);
  const failure = await failureOf(engine.connect().createContainer('a', { ...DEFINITION, memoryShare: 0.75 }));
  expect(failure).toMatchObject({ kind: 'malformed', verb: 'createContainer' });
  expect(engine.received.filter(({ method }) => method === 'POST')).toEqual([]);
});

it('what the image decides is left out', async () => {
  await (await answering(created)).createContainer('workspace-alice', { ...DEFINITION, command: null });
  expect(Object.keys(sent() as object)).not.toEqual(expect.arrayContaining(['Cmd']));
  expect(Object.keys(sent() as object)).not.toEqual(expect.arrayContaining(['Healthcheck']));
});

it.each([
  [
    'all of it',
    { capabilities: ['CHOWN', 'SYS_ADMIN'], namespaces: true },
    {
      CapDrop: ['ALL'],
      CapAdd: ['CHOWN', 'SYS_ADMIN'],
      SecurityOpt: ['no-new-privileges', `seccomp=${NAMESPACES_PROFILE}`, 'apparmor=unconfined'],
      MaskedPaths: [],
      ReadonlyPaths: [],
    },
  ],
  [
    'as little as possible',
    { capabilities: [], namespaces: false },
    { CapDrop: ['ALL'], CapAdd: [], SecurityOpt: ['no-new-privileges'] },
  ],
  [
    "the host's processes",
    { capabilities: ['SYS_PTRACE'], namespaces: false, hostPid: true },
    {
      CapDrop: ['ALL'],
      CapAdd: ['SYS_PTRACE'],
      SecurityOpt: ['no-new-privileges'],
      PidMode: 'host',
      UsernsMode: 'host',
    },
  ],
])('a helper container says its privileges: %s', async (_name, privileges, expected) => {
  const port = await answering(created);
  await port.createContainer('workspace-alice', {
    ...DEFINITION,
    network: 'none',
    entrypoint: ['/bin/keeper'],
    user: '0:0',
    privileges,
  });
  const { HostConfig, ...config } = sent() as { HostConfig: object };
  expect(config).toMatchObject({ Entrypoint: ['/bin/keeper'], User: '0:0', Cmd: ['sleep', 'infinity'] });
  expect(HostConfig).toMatchObject({ NetworkMode: 'none', ...expected });
  const said = Object.keys(HostConfig).filter((key) =>
    [
      'CapDrop',
      'CapAdd',
      'SecurityOpt',
      'MaskedPaths',
      'ReadonlyPaths',
      'Privileged',
      'PidMode',
      'UsernsMode',
    ].includes(key),
  );
  expect(said).toEqual(Object.keys(expected));
});

it.each<[string, Answer, string]>([
  ['a cut connection: the container may exist, the caller must look', (socket) => socket.destroy(), 'unreachable'],
  ['a cut answer', (socket) => socket.end('HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{"Id":'), 'unreachable'],
  ['an answer without an id', json(201, { Warnings: [] }), 'malformed'],
  ['an empty answer', empty(201), 'malformed'],
  [
    'a taken name',
    json(409, { message: 'Conflict. The container name "/workspace-alice" is already in use' }),
    'conflict',
  ],
  ['a missing image', json(404, { message: 'No such image: base:1' }), 'not-found'],
  ['a quoted environment', json(400, { message: 'invalid environment variable: =swordfish-1234' }), 'rejected'],
  ['an HTML page', text(502, 'text/html', '<p>swordfish-1234</p>'), 'server'],
  ['no HTTP', (socket) => socket.end('swordfish-1234\r\n\r\n'), 'malformed'],
  ['truncated JSON that quotes it', text(201, 'application/json', '{"Id":"swordfish-1234'), 'malformed'],
])('a failed creation shows no secret, however it is printed: %s', async (_name, answer, kind) => {
  const port = await answering(answer);
  const env = [{ name: 'TOKEN', value: new Secret('swordfish-1234') }];
  const failure = await failureOf(port.createContainer('workspace-alice', { ...DEFINITION, env }));
  expect(failure.kind).toBe(kind);
  const printed = [
    inspect(failure, { depth: null, showHidden: true }),
    JSON.stringify(failure),
    String(failure),
    failure.stack,
  ].join('\n');
  expect(printed).not.toContain('swordfish');
  expect(printed).not.toContain(
    Buffer.from('swordfish')
      .toString('hex')
      .replace(/(..)(?=.)/g, '$1 '),
  );
});

it('an unreadable inspect shows no secret either', async () => {
  engine = await rogueEngine([
    [/containers\/a\/json/, text(200, 'application/json', JSON.stringify(INSPECTED).slice(0, -9))],
  ]);
  const failure = await failureOf(engine.connect().inspectContainer('a'));
  expect(inspect(failure, { depth: null, showHidden: true })).not.toContain('swordfish');
});

const UNLIMITED = { Memory: 0, NanoCpus: 0, PidsLimit: null };
const LIMITED = { Memory: 1048576, NanoCpus: 5e8, PidsLimit: 7 };
it.each([
  [
    'set',
    UNLIMITED,
    { nanoCpus: 1e9, memoryBytes: 2048, pids: 9 },
    { Memory: 2048, MemorySwap: 2048, NanoCpus: 1e9, PidsLimit: 9 },
  ],
  ['left alone', UNLIMITED, { nanoCpus: 0, memoryBytes: 0, pids: 0 }, { NanoCpus: 0, PidsLimit: 0 }],
  [
    'lifted: the engine takes 0 for "as it is"',
    LIMITED,
    { nanoCpus: 0, memoryBytes: 0, pids: 0 },
    { Memory: 2 ** 52, MemorySwap: 2 ** 53, NanoCpus: 3_999_999_999, PidsLimit: 0 },
  ],
])('limits are %s', async (_name, HostConfig, limits, expected) => {
  engine = await rogueEngine([
    [/^GET .*\/json/, json(200, { ...INSPECTED, HostConfig })],
    [/^GET .*\/info/, json(200, { NCPU: 4 })],
    [/^POST .*\/update/, json(200, { Warnings: null })],
  ]);
  await engine.connect().updateContainer('a', { limits, restartPolicy: 'always' });
  expect(sent()).toEqual({ ...expected, RestartPolicy: { Name: 'always' } });
});

it('a stop says its grace, and its deadline is stretched by it', async () => {
  const deadlines: number[] = [];
  engine = await rogueEngine([[/^POST \/v1\.41\/containers\/a\/stop\?t=45$/, empty(204)]]);
  const clock = { now: () => 0, after: (ms: number) => (deadlines.push(ms), () => undefined) };
  await engine.connect({ clock }).stopContainer('a', 45);
  expect(Math.max(...deadlines)).toBe(75_000);
});

it('a new volume is inspected: an existing one keeps its labels (F13)', async () => {
  engine = await rogueEngine([
    [/^POST .*\/volumes\/create/, json(201, { Name: 'v', Driver: 'local', Labels: { a: 'new' } })],
    [/^GET .*\/volumes\/v/, json(200, { Name: 'v', Driver: 'nfs', Labels: { a: 'old' } })],
  ]);
  expect(await engine.connect().createVolume('v', { a: 'new' })).toEqual({
    name: 'v',
    driver: 'nfs',
    labels: { a: 'old' },
  });
});

it.each<[string, readonly object[], string[]]>([
  [
    'alone',
    [
      { Id: 'n1', Name: 'kalpana-workspaces', Created: '2026-01-01T00:00:01.5Z' },
      { Id: 'n0', Name: 'kalpana-workspaces-2', Created: '2026-01-01T00:00:00Z' },
    ],
    [],
  ],
  [
    'older than its twin',
    [
      { Id: 'n1', Name: 'kalpana-workspaces', Created: '2026-01-01T00:00:01.5Z' },
      { Id: 'n0', Name: 'kalpana-workspaces', Created: '2026-01-01T00:00:01.51Z' },
    ],
    [],
  ],
  [
    'newer than its twin',
    [
      { Id: 'n1', Name: 'kalpana-workspaces', Created: '2026-01-01T00:00:01.5Z' },
      { Id: 'n2', Name: 'kalpana-workspaces', Created: '2026-01-01T00:00:01.4Z' },
    ],
    ['/v1.41/networks/n1?'],
  ],
])('a new network keeps its containers apart; it is %s', async (_what, networks, removed) => {
  engine = await rogueEngine([
    [/^POST .*\/networks\/create/, json(201, { Id: 'n1' })],
    [/^GET .*\/networks/, json(200, networks)],
    [/^DELETE /, empty(204)],
  ]);
  await engine.connect().createNetwork('kalpana-workspaces', { a: 'b' });
  const created = engine.received.find(({ method }) => method === 'POST');
  expect(JSON.parse(created!.body)).toMatchObject({
    Driver: 'bridge',
    Options: { 'com.docker.network.bridge.enable_icc': 'false' },
    Labels: { a: 'b' },
  });
  expect(engine.received.filter(({ method }) => method === 'DELETE').map(({ url }) => url)).toEqual(removed);
});

it('a network that another caller has just made is no failure, and nothing of it is removed', async () => {
  engine = await rogueEngine([
    [/^POST .*\/networks\/create/, json(409, { message: 'network with name kalpana-keepers already exists' })],
  ]);
  await engine.connect().createNetwork('kalpana-keepers', {});
  expect(engine.received.filter(({ method }) => method !== 'GET')).toHaveLength(1);
});

it('names are escaped', async () => {
  engine = await rogueEngine([]);
  await failureOf(engine.connect().startContainer('a/b?c=d&e'));
  expect(engine.received.at(-1)!.url).toBe('/v1.41/containers/a%2Fb%3Fc%3Dd%26e/start?');
});

it.each<[string, Answer, string]>([
  ['its status', empty(304), '304'],
  ["an error's status", json(409, { message: 'no' }), '409'],
  ['the kind where there is no status', (socket) => socket.destroy(), 'unreachable'],
])('a request is measured once, by %s', async (_name, answer, code) => {
  const measures: string[] = [];
  engine = await rogueEngine([[/start/, answer]]);
  const port = engine.connect({
    onRequest: (request) => measures.push(`${request.verb} ${request.code} ${request.seconds >= 0}`),
  });
  await port.startContainer('a').catch(() => undefined);
  expect(measures).toEqual(['version 200 true', `startContainer ${code} true`]);
});
