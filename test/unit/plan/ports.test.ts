import { describe, expect, it } from '@jest/globals';
import { LABEL } from '../../../controller/model/names.js';
import type { PublishedPort } from '../../../controller/model/engine-objects.js';
import {
  allocatePorts,
  AUTO_PORT_COUNT,
  AUTO_PORT_FIRST,
  decodePorts,
  encodePorts,
  portsOverlap,
  renderHostPort,
} from '../../../controller/plan/ports.js';
import { takenPorts } from '../../../controller/plan/taken-ports.js';
import { planWorkspace } from '../../../controller/plan/workspace.js';
import { desiredWorkspace } from '../../support/sim/specs.js';
import { alice, container, inputOf, textOf } from './samples.js';

const AUTO = { containerPort: 80, protocol: 'tcp', hostIP: '127.0.0.1', hostPort: null } as const;
const FIXED = { ...AUTO, hostPort: 8080 };
const BOB = { protocol: 'tcp', hostIP: '127.0.0.1', holder: 'workspace bob' } as const;

function portOf(result: ReturnType<typeof allocatePorts>): number | string {
  return result.ok ? (result.ports[0]?.hostPort ?? 'none') : result.holder;
}

describe('host ports', () => {
  const first = portOf(allocatePorts('alice', [AUTO], [], []));

  it.each<[string, number | string, number | string]>([
    [
      'chosen from the range',
      Number(first) >= AUTO_PORT_FIRST && Number(first) < AUTO_PORT_FIRST + AUTO_PORT_COUNT ? first : 'outside',
      first,
    ],
    ['chosen again the same without memory', portOf(allocatePorts('alice', [AUTO], [], [])), first],
    ['kept as it was', portOf(allocatePorts('alice', [AUTO], [{ ...AUTO, hostPort: 25_000 }], [])), 25_000],
    [
      'chosen anew when taken',
      portOf(allocatePorts('alice', [AUTO], [{ ...AUTO, hostPort: 25_000 }], [{ ...BOB, hostPort: 25_000 }])),
      first,
    ],
    [
      'the next one when the first is taken',
      portOf(allocatePorts('alice', [AUTO], [], [{ ...BOB, hostPort: Number(first) }])),
      Number(first) + 1,
    ],
    ['fixed', portOf(allocatePorts('alice', [FIXED], [], [])), 8080],
    ['fixed and taken', portOf(allocatePorts('alice', [FIXED], [], [{ ...BOB, hostPort: 8080 }])), 'workspace bob'],
    [
      'fixed twice in one spec',
      portOf(allocatePorts('alice', [FIXED, { ...FIXED, containerPort: 81 }], [], [])),
      'workspace alice',
    ],
  ])('%s', (_what, is, wanted) => expect(is).toBe(wanted));

  it.each<[string, Partial<PublishedPort>, boolean]>([
    ['the same', {}, true],
    ['another address', { hostIP: '127.0.0.2' }, false],
    ['every address', { hostIP: '0.0.0.0' }, true],
    ['every address of IPv6', { hostIP: '::' }, true],
    ['another protocol', { protocol: 'udp' }, false],
    ['another port', { hostPort: 8081 }, false],
  ])('overlap with %s', (_what, change, overlaps) =>
    expect(portsOverlap(FIXED, { ...FIXED, ...change })).toBe(overlaps),
  );

  it.each([
    ['what it encoded', encodePorts([FIXED]), [FIXED]],
    ['no label', undefined, []],
    ['no JSON', '[', []],
    ['another shape', '[1,[80],["80","tcp","",1]]', []],
  ])('decodes %s', (_what, label, ports) =>
    expect(decodePorts(label === undefined ? {} : { [LABEL.ports]: label })).toEqual(ports),
  );

  it('writes an address of IPv6 in brackets', () =>
    expect(renderHostPort({ protocol: 'tcp', hostIP: '::1', hostPort: 1 })).toBe('[::1]:1/tcp'));
});

describe('ports that others hold', () => {
  const bob = desiredWorkspace('bob', { image: 'app:1', ports: [{ containerPort: 80, hostPort: 8080 }] });
  const web = container(bob, { name: 'web', labels: {}, ports: [FIXED] });
  const none = { containers: [], desired: new Map(), reserved: new Map() };
  const desired = new Map([['bob', bob]]);

  it.each([
    ['a running container of nobody', 'alice', { ...none, containers: [web] }, ['8080 container web']],
    [
      "a stopped workspace's",
      'alice',
      { ...none, containers: [container(bob, { state: 'exited', ports: [] })] },
      ['8080 workspace bob'],
    ],
    ["one's own", 'bob', { ...none, containers: [container(bob)], desired }, []],
    ['one just given out', 'alice', { ...none, reserved: new Map([['bob', [FIXED]]]) }, ['8080 workspace bob']],
    ['one that a later name asks for', 'alice', { ...none, desired }, []],
    ['one that an earlier name asks for', 'carol', { ...none, desired }, ['8080 workspace bob']],
    [
      'one that an earlier name asks for, while the later one has its container',
      'carol',
      { ...none, desired, containers: [container(desiredWorkspace('carol', { image: 'app:1' }))] },
      [],
    ],
  ])('%s', (_what, workspace, world, taken) =>
    expect(takenPorts(workspace, world).map(({ hostPort, holder }) => `${hostPort} ${holder}`)).toEqual(taken),
  );

  it('moves a port of our choice that somebody took while the container was down', () => {
    const mine = alice({ ports: [{ containerPort: 80 }] });
    const [held] = container(mine).ports;
    const situation = {
      desired: mine,
      containers: [container(mine, { state: 'exited', ports: [] })],
      memory: { takenPorts: [{ ...held!, holder: 'process 1 (nginx)' }] },
    };
    expect(textOf(planWorkspace(inputOf(situation))).split('\n')[0]).toBe(
      `create container workspace-alice.next from app:1  # port 80: 127.0.0.1:${held?.hostPort}/tcp is taken`,
    );
  });
});
