import { describe, expect, it } from '@jest/globals';
import { LABEL } from '../../../controller/model/names.js';
import { Secret } from '../../../controller/model/secret.js';
import type { WorkspaceSpec } from '../../../controller/model/workspace.generated.js';
import { containerDefinition } from '../../../controller/plan/definition.js';
import { differences } from '../../../controller/plan/diff.js';
import { desiredWorkspace } from '../../support/sim/specs.js';
import { alice, container, INSTANCE } from './samples.js';

const CHANGES: readonly (readonly [string, Partial<WorkspaceSpec>, Partial<WorkspaceSpec>, readonly string[]])[] = [
  ['nothing', {}, {}, []],
  [
    'what is changed in place',
    {},
    { resources: { pids: 5 }, restartPolicy: 'no', state: 'Stopped', imagePullPolicy: 'Always' },
    [],
  ],
  ['the image', { image: 'a:1' }, { image: 'a:2' }, ['image: a:1 -> a:2']],
  [
    'a variable, without its values',
    { env: [{ name: 'KEY', value: 'hunter2' }] },
    { env: [{ name: 'KEY', value: 'hunter3' }] },
    ['env KEY: changed'],
  ],
  ['a variable more', {}, { env: [{ name: 'KEY', value: 'hunter2' }] }, ['env KEY: added']],
  ['a variable less', { env: [{ name: 'KEY', value: 'hunter2' }] }, {}, ['env KEY: removed']],
  [
    'the order of variables',
    {
      env: [
        { name: 'B', value: '1' },
        { name: 'A', value: '2' },
      ],
    },
    {
      env: [
        { name: 'A', value: '2' },
        { name: 'B', value: '1' },
      ],
    },
    [],
  ],
  [
    'a mount',
    { mounts: [{ type: 'bind', source: '/a', target: '/data' }] },
    { mounts: [{ type: 'bind', source: '/b', target: '/data' }] },
    ['mount /data: /a -> /b'],
  ],
  ['the command', {}, { command: ['sleep', '1'] }, ['command: none -> ["sleep","1"]']],
  ['the shared memory', {}, { resources: { shm: '64Mi' } }, ['shmBytes: 0 -> 67108864']],
  ['the ports', {}, { ports: [{ containerPort: 80 }] }, ['port 80/tcp: added (127.0.0.1)']],
  ['the cache', {}, { cache: false }, ['cache: default -> none']],
];

describe('differences between a container and its spec', () => {
  it.each(CHANGES)('%s', (_what, before, after, causes) => {
    const found = differences(container(alice(before)), alice(after));
    expect(found.map(({ cause }) => cause)).toEqual(causes);
  });

  it.each([
    ['changed', 'token', 'd2', 'env TOKEN: secret file token changed'],
    ['of another name', 'other', 'd2', 'env TOKEN: secret file token -> other'],
  ])('a secret file %s shows no value', (_what, secretFile, digest, cause) => {
    const withSecret = (file: string, hash: string, value: string) =>
      desiredWorkspace(
        'alice',
        { image: 'app:1', env: [{ name: 'TOKEN', valueFrom: { secretFile: file } }] },
        { digests: new Map([['TOKEN', hash]]), secrets: new Map([['TOKEN', new Secret(value)]]), isReadable: true },
      );
    const before = withSecret('token', 'd1', 'swordfish');
    expect(differences(container(before), withSecret(secretFile, digest, 'salmon')).map((one) => one.cause)).toEqual([
      cause,
    ]);
    expect(JSON.stringify(containerDefinition(before, INSTANCE, [], null))).not.toContain('swordfish');
  });

  const desired = alice({ sharedVolumes: [{ name: 'tools', mountPath: '/tools', readOnly: true }] });
  it.each([
    ['is missing', [], 'mount /tools: missing'],
    [
      'is another volume',
      [{ type: 'volume', source: 'else', target: '/tools', readOnly: true }],
      'mount /tools: else -> kalpana-tools',
    ],
    [
      'is a directory',
      [{ type: 'bind', source: '/srv/tools', target: '/tools', readOnly: true }],
      'mount /tools: /srv/tools -> kalpana-tools',
    ],
    [
      'can be written',
      [{ type: 'volume', source: 'kalpana-tools', target: '/tools', readOnly: false }],
      'mount /tools: read-write -> read-only',
    ],
  ])('a mount that %s is drift', (_what, found, cause) => {
    const others = container(desired).mounts.filter(({ target }) => target !== '/tools');
    expect(differences(container(desired, { mounts: [...others, ...found] }), desired)).toEqual([
      { cause, drift: 'mounts' },
    ]);
  });

  it.each([
    ['an older version of the hash', { [LABEL.specHash]: 'v0:old' }, []],
    [
      'a record that is no JSON',
      { [LABEL.specHash]: 'v0:old', [LABEL.spec]: '{' },
      ['the container does not record its spec'],
    ],
    [
      'a record of other things than a spec',
      {
        [LABEL.specHash]: 'v0:old',
        [LABEL.spec]: '{"image":"app:1","cache":"default","env":"x","ports":[null,{}],"mounts":{},"healthcheck":3}',
      },
      [
        'the packages of the cache are not on its PATH',
        'port undefined/undefined: removed',
        'shmBytes: none -> 0',
        'storageMountPath: none -> /workspace',
      ],
    ],
    [
      'a record of null',
      { [LABEL.specHash]: 'v0:old', [LABEL.spec]: 'null' },
      ['the container does not record its spec'],
    ],
  ])('%s', (_what, labels, causes) => {
    const found = container(alice(), { labels: { ...container(alice()).labels, ...labels } });
    expect(differences(found, alice()).map(({ cause }) => cause)).toEqual(causes);
  });
});
