import { afterEach, describe, expect, it } from '@jest/globals';
import { json, rogueEngine, type RogueEngine } from './support/rogue-engine.js';
import { failureOf } from './support/outcome.js';
import { INSPECTED, LISTED } from './support/samples.js';

let engine: RogueEngine | null = null;
afterEach(async () => engine?.stop());

async function answering(pattern: RegExp, value: unknown) {
  engine = await rogueEngine([[pattern, json(200, value)]]);
  return engine.connect();
}
const listing = (value: unknown) => answering(/containers\/json/, value);
const volumes = (value: unknown) => answering(/volumes/, value);
const networks = (value: unknown) => answering(/networks/, value);

describe('listContainers', () => {
  it('gives what the list shows', async () => {
    expect(await (await listing([LISTED])).listContainers()).toEqual([
      {
        id: 'c0ffee',
        name: 'workspace-alice',
        image: 'base:1',
        imageId: 'sha256:1',
        labels: { 'kalpana.workspace.id': 'alice' },
        state: 'running',
        health: 'healthy',
        mounts: [
          { type: 'volume', source: 'kalpana-workspace-alice', target: '/workspace', readOnly: false },
          { type: 'bind', source: '/srv/data', target: '/data', readOnly: true },
        ],
        networks: [{ name: 'kalpana-workspaces', id: 'n1' }],
        ports: [{ containerPort: 8080, protocol: 'tcp', hostIP: '0.0.0.0', hostPort: 18080 }],
        details: null,
      },
    ]);
  });

  it('asks for stopped ones too, and with filter values in arrays (trap dockerode-9)', async () => {
    await (await listing([])).listContainers({ workspace: 'alice' });
    const query = new URL(engine!.received.at(-1)!.url, 'http://x').searchParams;
    expect(Object.fromEntries(query)).toEqual({ all: '1', filters: '{"label":["kalpana.workspace.id=alice"]}' });
  });

  it.each([
    ['Up 2 minutes (healthy)', 'healthy'],
    ['Up 2 minutes (unhealthy)', 'unhealthy'],
    ['Up 2 seconds (health: starting)', 'starting'],
    ['Up 2 minutes', 'none'],
    ['Up 2 minutes (Paused)', 'none'],
    ['Exited (0) 2 minutes ago', 'none'],
  ])('health from %j is %s', async (Status, health) => {
    expect(await (await listing([{ ...LISTED, Status }])).listContainers()).toMatchObject([{ health }]);
  });

  it.each([
    [['/other/alias', '/workspace-alice'], 'workspace-alice'],
    [['/workspace-alice', '/other/alias'], 'workspace-alice'],
    [[], 'c0ffee'],
    [null, 'c0ffee'],
  ])('name from %j is %s', async (Names, name) => {
    expect(await (await listing([{ ...LISTED, Names }])).listContainers()).toMatchObject([{ name }]);
  });

  it.each<[string, object]>([
    ['labels', { Labels: null }],
    ['mounts', { Mounts: null }],
    ['ports', { Ports: null }],
    ['networks', { NetworkSettings: { Networks: null } }],
  ])('null stands for no %s', async (_name, change) => {
    expect(await (await listing([{ ...LISTED, ...change }])).listContainers()).toHaveLength(1);
  });

  it.each<[string, unknown]>([
    ['no Id', { ...LISTED, Id: undefined }],
    ['an empty Id', { ...LISTED, Id: '' }],
    ['an unknown state', { ...LISTED, State: 'fluid' }],
    ['no status', { ...LISTED, Status: undefined }],
    ['labels that are no texts', { ...LISTED, Labels: { a: 1 } }],
    ['no network settings', { ...LISTED, NetworkSettings: null }],
    ['a volume mount without a name', { ...LISTED, Mounts: [{ Type: 'volume', Destination: '/w', RW: true }] }],
    ['null', null],
    ['a text', 'c0ffee'],
  ])('one entry with %s refuses the whole list (law 2)', async (_name, entry) => {
    const failure = await failureOf((await listing([LISTED, entry])).listContainers());
    expect(failure).toMatchObject({ kind: 'malformed', verb: 'listContainers' });
  });
});

describe('inspectContainer', () => {
  const inspecting = (change: object) => answering(/containers\/alice\/json/, { ...INSPECTED, ...change });

  it('gives the details', async () => {
    expect(await (await inspecting({})).inspectContainer('alice')).toMatchObject({
      name: 'workspace-alice',
      image: 'base:1',
      imageId: 'sha256:1',
      state: 'exited',
      health: 'unhealthy',
      ports: [{ containerPort: 80, protocol: 'tcp', hostIP: '127.0.0.1', hostPort: 18080 }],
      details: {
        startedAt: Date.parse('2026-11-23T08:00:00.123Z'),
        finishedAt: null,
        exitCode: 137,
        oomKilled: true,
        error: '',
        restartCount: 2,
        limits: { nanoCpus: 500000000, memoryBytes: 1048576, pids: 0 },
        restartPolicy: 'no',
      },
    });
  });

  it.each([
    [
      'lifted limits',
      { Memory: 2 ** 52, MemorySwap: 2 ** 53, NanoCpus: 1_999_999_999, PidsLimit: 0 },
      { nanoCpus: 0, memoryBytes: 0, pids: 0 },
    ],
    ['no limits', { Memory: 0, NanoCpus: 0, PidsLimit: -1 }, { nanoCpus: 0, memoryBytes: 0, pids: 0 }],
    [
      'limits',
      { Memory: 2 ** 40, NanoCpus: 2_000_000_000, PidsLimit: 9 },
      { nanoCpus: 2_000_000_000, memoryBytes: 2 ** 40, pids: 9 },
    ],
  ])('%s', async (_name, HostConfig, limits) => {
    expect(await (await inspecting({ HostConfig })).inspectContainer('alice')).toMatchObject({ details: { limits } });
  });
});

describe('listVolumes', () => {
  it.each<[string, unknown, unknown]>([
    ['null volumes', { Volumes: null, Warnings: null }, []],
    [
      'a volume',
      { Volumes: [{ Name: 'v', Driver: 'local', Labels: null }], Warnings: [] },
      [{ name: 'v', driver: 'local', labels: {} }],
    ],
  ])('%s', async (_name, answer, expected) => {
    expect(await (await volumes(answer)).listVolumes()).toEqual(expected);
  });

  it.each<[string, unknown]>([
    ['nothing', {}],
    ['a bare list', []],
    ['a volume without a name', { Volumes: [{ Driver: 'local' }] }],
    [
      'a warning: a plugin was silent, its volumes are not absent (law 2)',
      { Volumes: [], Warnings: ['plugin nfs is not responding'] },
    ],
  ])('refuses %s', async (_name, answer) => {
    expect(await failureOf((await volumes(answer)).listVolumes())).toMatchObject({
      kind: 'malformed',
      verb: 'listVolumes',
    });
  });
});

describe('inspectImage', () => {
  const inspecting = (value: unknown) => answering(/images\/app\/json/, value);

  it.each<[string, object, string | null]>([
    ['a PATH', { Config: { Env: ['HOME=/x', 'PATH=/bin:/a=b', 'MANPATH=/m'] } }, '/bin:/a=b'],
    ['an empty one', { Config: { Env: ['PATH='] } }, ''],
    ['none', { Config: { Env: ['MANPATH=/m'] } }, null],
    ['no environment', { Config: { Env: null } }, null],
    ['no configuration', {}, null],
  ])('%s', async (_name, image, path) => {
    expect(await (await inspecting({ Id: 'sha256:1', ...image })).inspectImage('app')).toEqual({
      id: 'sha256:1',
      path,
    });
  });

  it('refuses what is no environment', async () => {
    expect(
      await failureOf((await inspecting({ Id: 'sha256:1', Config: { Env: 'PATH=/bin' } })).inspectImage('app')),
    ).toMatchObject({ kind: 'malformed' });
  });
});

it('listNetworks gives ids, names and labels, or nothing at all', async () => {
  expect(await (await networks([{ Id: 'n1', Name: 'a', Labels: {} }])).listNetworks()).toEqual([
    { id: 'n1', name: 'a', labels: {} },
  ]);
  await engine!.stop();
  expect(await failureOf((await networks([{ Id: 'n1', Name: 'a', Labels: {} }, {}])).listNetworks())).toMatchObject({
    kind: 'malformed',
  });
});
