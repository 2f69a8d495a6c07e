import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DesiredWorkspace } from '../../../controller/model/desired.js';
import { createFixture, workspace } from './fixture.js';
import type { Fixture } from './fixture.js';

let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture();
});
afterEach(() => fixture.clean());

async function resolved(spec: object, more: object = {}): Promise<DesiredWorkspace> {
  fixture.write('alice.json', { ...workspace('alice', spec), ...more });
  const snapshot = await fixture.create().scan();
  expect(snapshot.problems).toEqual([]);
  return snapshot.workspaces.get('alice')!;
}

describe('a resolved workspace', () => {
  it('has every default filled in', async () => {
    expect(await resolved({})).toEqual({
      name: 'alice',
      labels: {},
      state: 'Running',
      imagePullPolicy: 'IfNotPresent',
      reclaimPolicy: 'Retain',
      location: { source: `dir:${fixture.specs}`, file: `${fixture.specs}/alice.json`, line: 1, column: 1 },
      creation: {
        image: 'debian:12',
        command: null,
        env: [],
        ports: [],
        shmBytes: 0,
        storageMountPath: '/workspace',
        cache: 'default',
        mounts: [],
        healthcheck: null,
        packagesFrom: 'profile',
      },
      inPlace: { limits: { nanoCpus: 0, memoryBytes: 0, pids: 0 }, restartPolicy: 'unless-stopped' },
      packages: [],
      specHash: expect.stringMatching(/^v2:[0-9a-f]{32}$/),
      secrets: new Map(),
      problem: null,
      secretsReadable: true,
    });
  });

  it('has units parsed and lists sorted', async () => {
    const desired = await resolved(
      {
        state: 'Stopped',
        imagePullPolicy: 'Never',
        cache: false,
        command: ['b', 'a'],
        restartPolicy: 'no',
        env: [
          { name: 'B', value: '2' },
          { name: 'A', value: '1' },
        ],
        ports: [
          { containerPort: 90 },
          { containerPort: 53, protocol: 'udp', hostIP: '::', hostPort: 5 },
          { containerPort: 53 },
        ],
        resources: { cpus: 1.1, memory: '1.5Gi', pids: 7, shm: '1M' },
        storage: { mountPath: '/data', reclaimPolicy: 'Delete' },
        sharedVolumes: [{ name: 'ext', mountPath: '/z' }],
        mounts: [{ type: 'bind', source: '/srv', target: '/b', readOnly: true }],
        healthcheck: { test: ['CMD', 'true'], interval: '1.5s', timeout: '1m', startPeriod: '500ms', retries: 3 },
      },
      { metadata: { name: 'alice', labels: { team: 'web' } } },
    );
    expect(desired).toMatchObject({
      labels: { team: 'web' },
      state: 'Stopped',
      imagePullPolicy: 'Never',
      reclaimPolicy: 'Delete',
      creation: {
        command: ['b', 'a'],
        cache: null,
        shmBytes: 1_000_000,
        storageMountPath: '/data',
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
        ports: [
          { containerPort: 53, protocol: 'tcp', hostIP: '127.0.0.1', hostPort: null },
          { containerPort: 53, protocol: 'udp', hostIP: '::', hostPort: 5 },
          { containerPort: 90, protocol: 'tcp', hostIP: '127.0.0.1', hostPort: null },
        ],
        mounts: [
          { type: 'bind', source: '/srv', target: '/b', readOnly: true },
          { type: 'shared-volume', source: 'ext', target: '/z', readOnly: false },
        ],
        healthcheck: { test: ['CMD', 'true'], intervalMs: 1500, timeoutMs: 60_000, startPeriodMs: 500, retries: 3 },
      },
      inPlace: { limits: { nanoCpus: 1_100_000_000, memoryBytes: 1_610_612_736, pids: 7 }, restartPolicy: 'no' },
    });
  });

  const env = [
    { name: 'A', value: '1' },
    { name: 'B', value: '2' },
  ];
  const changes: [string, object, object, boolean][] = [
    ['the order of variables', { env }, { env: [...env].reverse() }, true],
    ['a default written out', {}, { cache: 'default', storage: { mountPath: '/workspace' } }, true],
    ['another unit', { resources: { shm: '1Mi' } }, { resources: { shm: '1024Ki' } }, true],
    [
      'what the engine changes in place',
      {},
      {
        resources: { memory: '1Gi', cpus: 1, pids: 5 },
        restartPolicy: 'always',
        state: 'Stopped',
        storage: { reclaimPolicy: 'Delete' },
      },
      true,
    ],
    ['the order of the command', { command: ['a', 'b'] }, { command: ['b', 'a'] }, false],
    ['the image', {}, { image: 'debian:13' }, false],
    ['the cache', {}, { cache: false }, false],
    ['a port', {}, { ports: [{ containerPort: 1 }] }, false],
    ['a health check', {}, { healthcheck: { test: ['NONE'] } }, false],
  ];
  it.each(changes)('by %s has an equal hash or another one', async (_what, before, after, isEqual) => {
    const hash = (await resolved(before)).specHash;
    expect((await resolved(after)).specHash === hash).toBe(isEqual);
  });
});
