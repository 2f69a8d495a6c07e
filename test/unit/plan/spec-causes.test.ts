import { describe, expect, it } from '@jest/globals';
import type { CreationSpec } from '../../../controller/model/desired.js';
import type { WorkspaceSpec } from '../../../controller/model/workspace.generated.js';
import { creationCauses } from '../../../controller/plan/spec-causes.js';
import { fieldChanges, listChanges } from '../../../controller/plan/value-change.js';
import { desiredWorkspace } from '../../support/sim/specs.js';

function creation(spec: Partial<WorkspaceSpec>): CreationSpec {
  return desiredWorkspace('alice', { image: 'app:1', ...spec }).creation;
}

function bind(target: string, readOnly: boolean, source = '/src'): Partial<WorkspaceSpec> {
  return { mounts: [{ type: 'bind', source, target, readOnly }] };
}

const SECRET = (secretFile: string): Partial<WorkspaceSpec> => ({
  env: [{ name: 'TOKEN', valueFrom: { secretFile } }],
});
const AGE = (ageFile: string): Partial<WorkspaceSpec> => ({ env: [{ name: 'TOKEN', valueFrom: { ageFile } }] });
const PLAIN: Partial<WorkspaceSpec> = { env: [{ name: 'TOKEN', value: 'hunter2' }] };
const A = 'a'.repeat(300);
const KEY = (name: string): string => `${name}:${'k'.repeat(44)}`;

const CASES: readonly (readonly [string, Partial<WorkspaceSpec>, Partial<WorkspaceSpec>, readonly string[]])[] = [
  ['a mount that can be written now', bind('/x', true), bind('/x', false), ['mount /x: read-only -> read-write']],
  [
    'a mount from elsewhere that can be written now',
    bind('/x', true),
    bind('/x', false, '/'),
    ['mount /x: /src -> /', 'mount /x: read-only -> read-write'],
  ],
  [
    'a mount of another type',
    bind('/x', false, '/data'),
    { sharedVolumes: [{ name: 'data', mountPath: '/x' }] },
    ['mount /x: /data -> shared volume data'],
  ],
  ['a mount more', {}, bind('/x', true), ['mount /x: added (/src, read-only)']],
  ['a mount less', bind('/x', true), {}, ['mount /x: removed']],
  ['another secret file', SECRET('a'), SECRET('b'), ['env TOKEN: secret file a -> b']],
  ['a value that becomes a secret', PLAIN, SECRET('b'), ['env TOKEN: value -> secret file b']],
  ['a secret that becomes a value', SECRET('a'), PLAIN, ['env TOKEN: secret file a -> value']],
  [
    'a secret that is encrypted beside the spec now',
    SECRET('a'),
    AGE('a.age'),
    ['env TOKEN: secret file a -> age file a.age'],
  ],
  ['another encrypted file', AGE('a.age'), AGE('b.age'), ['env TOKEN: age file a.age -> b.age']],
  [
    'a port opened to all',
    { ports: [{ containerPort: 22 }, { containerPort: 80 }] },
    { ports: [{ containerPort: 22 }, { containerPort: 80, hostIP: '0.0.0.0' }] },
    ['port 80/tcp: 127.0.0.1 -> 0.0.0.0'],
  ],
  [
    'ports added, fixed and removed',
    { ports: [{ containerPort: 22 }, { containerPort: 53, protocol: 'udp' }] },
    {
      ports: [
        { containerPort: 22, hostPort: 2222 },
        { containerPort: 80, hostIP: '::', hostPort: 8080 },
      ],
    },
    ['port 22/tcp: 127.0.0.1 -> 127.0.0.1:2222', 'port 53/udp: removed', 'port 80/tcp: added ([::]:8080)'],
  ],
  [
    'the end of a long script',
    { command: ['sh', '-c', `${A}; exit 1`] },
    { command: ['sh', '-c', `${A}; exit 2`] },
    [`command: ...${'a'.repeat(13)}; exit 1" -> ...${'a'.repeat(13)}; exit 2"`],
  ],
  [
    'a word of a long command',
    { command: ['run', ...Array<string>(30).fill('-v')] },
    { command: ['run', ...Array<string>(30).fill('-v'), '--debug'] },
    ['command: added "--debug"'],
  ],
  [
    'the order of a long command',
    { command: ['run', ...Array<string>(30).fill('-v'), 'x'] },
    { command: ['x', ...Array<string>(30).fill('-v'), 'run'] },
    [
      'order of command: ["run","-v","-v","-v","-v","-v","-v","-v","-v","-v","-v",... -> ["x","-v","-v","-v","-v","-v","-v","-v","-v","-v","-v","-...',
    ],
  ],
  ['no command any more', { command: ['sleep', A] }, {}, [`command: ["sleep","${'a'.repeat(47)}... -> none`]],
  [
    'a long health check',
    { healthcheck: { test: ['CMD-SHELL', A], interval: '1s' } },
    { healthcheck: { test: ['CMD-SHELL', `${A} || true`], interval: '2s' } },
    [
      'healthcheck.intervalMs: 1000 -> 2000',
      `healthcheck.test: ...${'a'.repeat(20)}" -> ...${'a'.repeat(20)} || true"`,
    ],
  ],
  [
    'no health check any more',
    { healthcheck: { test: ['CMD', 'x'], retries: 2 } },
    {},
    ['healthcheck.retries: 2 -> 0', 'healthcheck.test: ["CMD","x"] -> none'],
  ],
  [
    'a long image',
    { image: `registry.example.com/${A}:1` },
    { image: `registry.example.com/${A}:2` },
    [`image: ...${'a'.repeat(19)}:1 -> ...${'a'.repeat(19)}:2`],
  ],
  [
    'an image by its digest',
    {},
    { image: `registry.example.com/team/app@sha256:${'0'.repeat(64)}` },
    [`image: app:1 -> registry.example.com/team/app@sha256:${'0'.repeat(64)}`],
  ],
  ['a cache called none', { cache: 'none' }, { cache: false }, ['cache: "none" -> none']],
  [
    'a path with an arrow in it',
    { storage: { mountPath: '/a' } },
    { storage: { mountPath: '/b -> /c' } },
    ['storageMountPath: /a -> "/b -> /c"'],
  ],
  [
    'what a control character is written as',
    { storage: { mountPath: '/a\u202e' } },
    { storage: { mountPath: '/a\\u202e' } },
    ['storageMountPath: "/a\\u202e" -> "/a\\\\u202e"'],
  ],
];

describe('the causes of a change', () => {
  it.each(CASES)('%s', (_what, before, after, causes) => {
    expect(creationCauses(creation(before), creation(after))).toEqual(causes);
  });

  it('tells two mounts whose targets begin alike apart', () => {
    const mounts = [1, 2].map((digit) => ({ type: 'bind' as const, source: '/src', target: `/${A}${digit}` }));
    expect(new Set(creationCauses(creation({ mounts }), creation({}))).size).toBe(2);
  });
});

describe('a change of a list', () => {
  it.each([
    ['one item more', [KEY('a'), KEY('b')], [KEY('a'), KEY('b'), KEY('evil')], [`keys: added "${KEY('evil')}"`]],
    [
      'one for another',
      [KEY('a'), KEY('b')],
      [KEY('a'), KEY('c')],
      [`keys: added "${KEY('c')}"`, `keys: removed "${KEY('b')}"`],
    ],
    ['an item once more', [A, A], [A, A, A], [`keys: added "${'a'.repeat(78)}...${'a'.repeat(77)}"`]],
    ['a short list', ['a'], ['b'], ['keys: ["a"] -> ["b"]']],
    [
      'an order',
      [KEY('a'), KEY('b')],
      [KEY('b'), KEY('a')],
      [`order of keys: ["${KEY('a')}","b:kkkk... -> ["${KEY('b')}","a:kkkk...`],
    ],
    ['nothing', [KEY('a')], [KEY('a')], []],
  ])('%s', (_what, before, after, causes) => {
    expect(listChanges('keys', before, after)).toEqual(causes);
  });

  it('is told field by field', () => {
    expect(fieldChanges('gc.', { a: 1, b: ['x'], c: null }, { a: 2, b: ['x', 'y'], c: null })).toEqual([
      'gc.a: 1 -> 2',
      'gc.b: ["x"] -> ["x","y"]',
    ]);
  });
});
