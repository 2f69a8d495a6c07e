import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFixture, workspace } from './fixture.js';
import type { Fixture } from './fixture.js';

let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture();
});
afterEach(() => fixture.clean());

/** The problems of one spec as `<the text its place points at>| <message>`. */
async function problemsOf(spec: object, more: object = {}): Promise<string[]> {
  const text = JSON.stringify({ ...workspace('alice', spec), ...more }, null, 1);
  fixture.write('alice.json', text);
  const lines = text.split('\n');
  const { problems } = await fixture.create().scan();
  return problems.map(
    ({ location, message }) =>
      `${(lines[location.line - 1] ?? '').slice(location.column - 1, location.column + 11).trim()}| ${message}`,
  );
}

const env = (...entries: object[]) => ({ env: entries });
const ports = (...entries: object[]) => ({ ports: entries });
const bind = (target: string) => ({ type: 'bind', source: '/srv', target });
const check = (test: string[], more: object = {}) => ({ healthcheck: { test, ...more } });
const hex = 'a'.repeat(64);

const refused: [string, object, string[]][] = [
  [
    'an unknown field',
    { memroy: 1 },
    ['"memroy": 1| spec.memroy: unknown field; did you mean "spec.resources.memory"?'],
  ],
  [
    'a misspelt field',
    { resources: { memroy: '1Gi' } },
    ['"memroy": "1| spec.resources.memroy: unknown field; did you mean "memory"?'],
  ],
  [
    'a field a level too high',
    { cpus: 1 },
    ['"cpus": 1| spec.cpus: unknown field; did you mean "spec.resources.cpus"?'],
  ],
  [
    'a field a level too low',
    { resources: { image: 'x' } },
    ['"image": "x"| spec.resources.image: unknown field; did you mean "spec.image"?'],
  ],
  ['a field of the metadata', { name: 'x' }, ['"name": "x"| spec.name: unknown field; did you mean "metadata.name"?']],
  ['a field in other letters', { Image: 'x' }, ['"Image": "x"| spec.Image: unknown field; did you mean "image"?']],
  [
    'a field of a list entry',
    { ...ports({ containerport: 1, containerPort: 1 }) },
    ['"containerpo| spec.ports[0].containerport: unknown field; did you mean "containerPort"?'],
  ],
  [
    'a field like no other',
    { storage: { zzzzzz: 1 } },
    ['"zzzzzz": 1| spec.storage.zzzzzz: unknown field; remove it; known here: mountPath, reclaimPolicy'],
  ],
  [
    'a size that is none',
    { resources: { memory: '2Gb' } },
    ['"2Gb"| spec.resources.memory: "2Gb" is not a size; use e.g. "512Mi" or "2Gi"'],
  ],
  [
    'a size as a number',
    { resources: { memory: 512 } },
    ['512| spec.resources.memory: must be a text in quotes, not a number'],
  ],
  [
    'too little memory',
    { resources: { memory: '5Mi' } },
    ['"5Mi"| spec.resources.memory: "5Mi" is too small: at least "6Mi"'],
  ],
  [
    'too much memory',
    { resources: { memory: '99999999Ti' } },
    ['"99999999Ti"| spec.resources.memory: "99999999Ti" is too large'],
  ],
  ['a shm of no byte', { resources: { shm: '0.1' } }, ['"0.1"| spec.resources.shm: "0.1" is too small: at least "1"']],
  ['no cores', { resources: { cpus: 0 } }, ['0| spec.resources.cpus: 0 is too small: at least 0.01']],
  ['a word of several', { state: 'running' }, ['"running"| spec.state: "running" is unknown; did you mean "Running"?']],
  [
    'a word of none',
    { restartPolicy: 'xxxxxxxx' },
    ['"xxxxxxxx"| spec.restartPolicy: "xxxxxxxx" is unknown; use "no", "on-failure", "always" or "unless-stopped"'],
  ],
  [
    'a cache that is true',
    { cache: true },
    ['true| spec.cache: true is neither a cache\'s name (lower-case letters, digits and "-", at most 63) nor false'],
  ],
  [
    'a cache that is no label',
    { cache: 'A_b' },
    ['"A_b"| spec.cache: "A_b" is neither a cache\'s name (lower-case letters, digits and "-", at most 63) nor false'],
  ],
  ['a variable without a value', env({ name: 'A' }), ['{| spec.env[0]: has no value: add "value" or "valueFrom"']],
  [
    'a variable with two values',
    env({ name: 'A', value: 'x', valueFrom: { secretFile: 'x' } }),
    ['{| spec.env[0]: has both "value" and "valueFrom": remove one of them'],
  ],
  [
    'a variable twice',
    env({ name: 'A', value: 'x' }, { name: 'A', value: 'y' }),
    ['"A",| spec.env[1].name: "A" stands twice: remove one of them'],
  ],
  [
    'a variable of another type',
    env({ name: 'A', value: 8080 }),
    ['8080| spec.env[0].value: must be a text in quotes, not a number'],
  ],
  [
    'a bad variable name',
    env({ name: '1A', value: '' }),
    ['"1A",| spec.env[0].name: "1A" is not a variable name: use letters, digits, "_", "." and "-", no digit first'],
  ],
  [
    'a secret up the tree',
    env({ name: 'A', valueFrom: { secretFile: '../x' } }),
    [
      '"../x"| spec.env[0].valueFrom.secretFile: "../x" is not a file name: use letters, digits, ".", "_" and "-", no dot first, no directory',
    ],
  ],
  [
    'a port twice',
    ports({ containerPort: 80 }, { containerPort: 80, protocol: 'tcp' }),
    ['80,| spec.ports[1].containerPort: 80/tcp stands twice: remove one of them'],
  ],
  [
    'a host port twice',
    ports({ containerPort: 80, hostPort: 1 }, { containerPort: 81, hostPort: 1 }),
    ['1| spec.ports[1].hostPort: 1/tcp on 127.0.0.1 is taken by another port of this workspace: choose another one'],
  ],
  [
    'a host port under any address',
    ports({ containerPort: 80, hostPort: 1, hostIP: '0.0.0.0' }, { containerPort: 81, hostPort: 1 }),
    ['1| spec.ports[1].hostPort: 1/tcp on 127.0.0.1 is taken by another port of this workspace: choose another one'],
  ],
  [
    'an address beyond 255',
    ports({ containerPort: 80, hostIP: '1.2.3.256' }),
    ['"1.2.3.256"| spec.ports[0].hostIP: "1.2.3.256" is not an IP address; use e.g. "127.0.0.1"'],
  ],
  [
    'a port beyond 65535',
    ports({ containerPort: 65536 }),
    ['65536| spec.ports[0].containerPort: 65536 is too large: at most 65535'],
  ],
  [
    'half a port',
    ports({ containerPort: 80.5 }),
    ['80.5| spec.ports[0].containerPort: must be a whole number, not a number'],
  ],
  [
    'two mounts at one place',
    { mounts: [bind('/a'), bind('/a')] },
    ['"/a"| spec.mounts[1].target: "/a" is taken by spec.mounts[0]: mount elsewhere'],
  ],
  [
    'a mount over the data',
    { mounts: [bind('/workspace')] },
    [
      '"/workspace"| spec.mounts[0].target: "/workspace" is taken by the data volume (spec.storage.mountPath): mount elsewhere',
    ],
  ],
  [
    'a shared volume over a mount',
    { sharedVolumes: [{ name: 'x', mountPath: '/data' }], storage: { mountPath: '/data' } },
    [
      '"/data"| spec.sharedVolumes[0].mountPath: "/data" is taken by the data volume (spec.storage.mountPath): mount elsewhere',
    ],
  ],
  [
    'a mount over the cache',
    { mounts: [bind('/nix')] },
    ['"/nix"| spec.mounts[0].target: "/nix" belongs to the cache: mount elsewhere, or set "cache": false'],
  ],
  [
    'a mount in the cache',
    { storage: { mountPath: '/nix/store' } },
    ['"/nix/store"| spec.storage.mountPath: "/nix/store" belongs to the cache: mount elsewhere, or set "cache": false'],
  ],
  [
    'a mount over /proc',
    { cache: false, mounts: [bind('/proc')] },
    ['"/proc"| spec.mounts[0].target: "/proc" belongs to the system: mount elsewhere'],
  ],
  [
    'a mount over /',
    { mounts: [bind('/')] },
    [
      '"/"| spec.mounts[0].target: "/" is not a plain absolute path: use e.g. "/data", without ".", "..", "//", "," or a "/" at the end',
    ],
  ],
  [
    'a path with ..',
    { mounts: [bind('/a/../b')] },
    [
      '"/a/../b"| spec.mounts[0].target: "/a/../b" is not a plain absolute path: use e.g. "/data", without ".", "..", "//", "," or a "/" at the end',
    ],
  ],
  [
    'a reserved volume',
    { sharedVolumes: [{ name: 'nix-store', mountPath: '/x' }] },
    ['"nix-store",| spec.sharedVolumes[0].name: "nix-store" is reserved for the controller: choose another name'],
  ],
  [
    'a shared volume twice',
    {
      sharedVolumes: [
        { name: 'x', mountPath: '/x' },
        { name: 'x', mountPath: '/y' },
      ],
    },
    ['"x",| spec.sharedVolumes[1].name: "x" stands twice: remove one of them'],
  ],
  ['an unknown check', check(['true']), ['[| spec.healthcheck.test: must begin with "CMD", "CMD-SHELL" or "NONE"']],
  [
    'CMD alone',
    check(['CMD']),
    ['[| spec.healthcheck.test: "CMD" needs a command after it: ["CMD", "program", "argument"]'],
  ],
  [
    'CMD-SHELL with two lines',
    check(['CMD-SHELL', 'a', 'b']),
    ['[| spec.healthcheck.test: "CMD-SHELL" needs exactly one line after it: ["CMD-SHELL", "program argument"]'],
  ],
  ['NONE and more', check(['NONE', 'a']), ['[| spec.healthcheck.test: "NONE" stands alone: ["NONE"]']],
  [
    'less than a millisecond',
    check(['CMD', 'a'], { interval: '0.5ms' }),
    ['"0.5ms"| spec.healthcheck.interval: "0.5ms" is too short: at least "1ms"'],
  ],
  [
    'more than any check',
    check(['CMD', 'a'], { timeout: '2401h' }),
    ['"2401h"| spec.healthcheck.timeout: "2401h" is too long: at most "2400h"'],
  ],
  [
    'a duration that is none',
    check(['CMD', 'a'], { timeout: '10 s' }),
    ['"10 s"| spec.healthcheck.timeout: "10 s" is not a duration; use e.g. "10s" or "5m"'],
  ],
  [
    'an image in capitals',
    { image: 'Debian:12' },
    ['"Debian:12"| spec.image: "Debian:12" has upper-case letters in its repository: write "debian:12"'],
  ],
  [
    'an image with a bad tag',
    { image: 'debian:.x' },
    ['"debian:.x"| spec.image: "debian:.x" has a malformed tag: use letters, digits, "_", "." and "-", at most 128'],
  ],
  [
    'an image with a short digest',
    { image: 'debian@sha256:abc' },
    [
      '"debian@sha2| spec.image: "debian@sha256:abc" has a malformed digest: use name@sha256: and 64 hexadecimal digits',
    ],
  ],
  [
    'an image without a name',
    { image: 'a//b' },
    ['"a//b"| spec.image: "a//b" is not an image reference; use name, name:tag or name@sha256:…'],
  ],
  [
    'an image ID',
    { image: hex },
    [`"aaaaaaaaaaa| spec.image: "${'a'.repeat(60)}…" is an image ID: use a name, or name@sha256:…`],
  ],
  [
    'two faults',
    { state: 'x', cpus: 1 },
    [
      '"x",| spec.state: "x" is unknown; use "Running" or "Stopped"',
      '"cpus": 1| spec.cpus: unknown field; did you mean "spec.resources.cpus"?',
    ],
  ],
];

describe('a spec with', () => {
  it.each(refused)('%s is refused with the place and the remedy', async (_what, spec, expected) => {
    expect(await problemsOf(spec)).toEqual(expected);
  });

  it("a name that is a generation of another workspace's profile is refused", async () => {
    expect(await problemsOf({}, { metadata: { name: 'alice-1-link' } })).toEqual([
      '"alice-1-lin| metadata.name: "alice-1-link" ends as a generation of a Nix profile does: choose another name',
    ]);
  });

  it('missing fields names them all in one problem', async () => {
    expect(await problemsOf({}, { spec: undefined, apiVersion: undefined })).toEqual([
      '{| "apiVersion" and "spec" are missing: add them',
    ]);
  });

  const accepted: [string, object][] = [
    ['an image with everything', { image: `registry.Example.com:5000/a/b__c/d-e.f:T_1.2-x@sha256:${hex}` }],
    ['a short image', { image: 'localhost/x' }],
    ['mounts in /nix without a cache', { cache: false, mounts: [bind('/nix/store')] }],
    ['mounts below one another', { mounts: [bind('/workspace/data'), bind('/dev/shm')] }],
    ['one port in two protocols', ports({ containerPort: 53 }, { containerPort: 53, protocol: 'udp' })],
    [
      'one host port at two addresses',
      ports({ containerPort: 80, hostPort: 1 }, { containerPort: 81, hostPort: 1, hostIP: '::1' }),
    ],
    ['NIX_REMOTE of its own without a cache', { cache: false, ...env({ name: 'NIX_REMOTE', value: '' }) }],
    ['PATH of its own', env({ name: 'PATH', value: '/bin' })],
    ['an empty list of packages without a cache', { cache: false, packages: [] }],
    ['no check', check(['NONE'])],
    ['the smallest memory', { resources: { memory: '6Mi', shm: '1' } }],
  ];
  it.each(accepted)('%s is accepted', async (_what, spec) => {
    expect(await problemsOf(spec)).toEqual([]);
  });

  it('a secret in a wrong place never shows it', async () => {
    const shown = await problemsOf({
      env: [{ name: 'A', value: ['hunter2'] }],
      command: [{ hunter2: 1 }],
      healthcheck: { test: [['hunter2']] },
    });
    expect(shown).toHaveLength(3);
    expect(shown.map((line) => line.split('| ')[1]).join()).not.toContain('hunter2');
  });

  it('long and garbled text shows sixty characters of it, escaped', async () => {
    const [problem] = await problemsOf({ state: `\u001b[31m\n${'x'.repeat(1000)}` });
    expect(problem).toContain(`spec.state: "\\u001b[31m\\u000a${'x'.repeat(54)}…" is unknown`);
  });
});
