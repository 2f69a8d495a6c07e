import { describe, expect, it } from '@jest/globals';
import { LABEL } from '../../../controller/model/names.js';
import { planWorkspace } from '../../../controller/plan/workspace.js';
import { alice, container, inputOf, NOW, textOf, volumesFor, type Situation } from './samples.js';

const withoutNix = container(alice()).mounts.filter(({ target }) => target !== '/nix');
const foreign = { labels: { owner: 'somebody' } };
const failure = { reason: 'StartFailed', message: 'it does not start' } as const;

interface Case extends Situation {
  readonly title: string;
  readonly plan: string;
}

const NEW: readonly Case[] = [
  {
    title: 'a new workspace',
    desired: alice(),
    world: { volumes: new Map([...volumesFor(alice())].filter(([name]) => name === 'kalpana-nix-store')) },
    plan: `create volume kalpana-workspace-alice  # the volume kalpana-workspace-alice does not exist
create container workspace-alice from app:1  # the workspace is new
start workspace-alice  # the workspace is new
`,
  },
  {
    title: 'its container is gone and its data is there',
    desired: alice(),
    plan: `create container workspace-alice from app:1  # the container workspace-alice does not exist
start workspace-alice  # the container workspace-alice does not exist
`,
  },
  {
    title: 'its image is known to be absent',
    desired: alice(),
    world: { imagePresent: false },
    plan: `pull image app:1  # the image app:1 is not on the engine
create container workspace-alice from app:1  # the container workspace-alice does not exist
start workspace-alice  # the container workspace-alice does not exist
`,
  },
  {
    title: 'its image is pulled always',
    desired: alice({ imagePullPolicy: 'Always' }),
    plan: `pull image app:1  # imagePullPolicy is Always; the container workspace-alice does not exist
create container workspace-alice from app:1  # the container workspace-alice does not exist
start workspace-alice  # the container workspace-alice does not exist
`,
  },
  {
    title: 'its image is absent and never pulled',
    desired: alice({ imagePullPolicy: 'Never' }),
    world: { imagePresent: false },
    plan: '= ImageMissing: the image app:1 is not on the engine\n',
  },
  {
    title: 'this spec was given up',
    desired: alice(),
    memory: { failed: { specHash: alice().specHash, failure } },
    plan: '= StartFailed: it does not start\n',
  },
  {
    title: 'another spec was given up',
    desired: alice(),
    memory: { failed: { specHash: 'v1:other', failure } },
    plan: `create container workspace-alice from app:1  # the container workspace-alice does not exist
start workspace-alice  # the container workspace-alice does not exist
`,
  },
  {
    title: 'a secret cannot be read',
    desired: { ...alice(), secretsReadable: false },
    plan: '= SecretUnreadable: a secret file cannot be read\n',
  },
  {
    title: 'the cache is not there yet',
    desired: alice(),
    world: { volumes: new Map() },
    plan: '= VolumeMissing: the shared volume kalpana-nix-store is not there yet\n',
  },
  {
    title: 'the cache is switched off and not there',
    desired: alice({ cache: false }),
    plan: `create container workspace-alice from app:1  # the container workspace-alice does not exist
start workspace-alice  # the container workspace-alice does not exist
`,
  },
  {
    title: 'the network is not there yet',
    desired: alice(),
    world: { networks: new Map() },
    plan: '= NetworkMissing: the network kalpana-workspaces is not there yet\n',
  },
];

const KEEP: readonly Case[] = [
  { title: 'all is well', desired: alice(), containers: [container(alice())], plan: '= ready\n' },
  {
    title: 'limits were not inspected',
    desired: alice({ resources: { pids: 9 } }),
    containers: [container(alice(), { details: null })],
    plan: '= ready\n',
  },
  {
    title: 'it never started',
    desired: alice(),
    containers: [container(alice(), { state: 'created' })],
    plan: 'start workspace-alice  # the container never started\n',
  },
  {
    title: 'it ended',
    desired: alice(),
    containers: [container(alice(), { state: 'exited' })],
    plan: 'start workspace-alice  # state: exited -> running\n',
  },
  {
    title: 'it ends again and again',
    desired: alice(),
    containers: [container(alice(), { state: 'exited', details: { exitCode: 3 } })],
    memory: { starts: { count: 5, lastAt: NOW - 1_000 } },
    plan: '= CrashLoop: the main process ended with exit code 3, again and again, again after 3000 ms\n',
  },
  {
    title: 'it was paused',
    desired: alice(),
    containers: [container(alice(), { state: 'paused' })],
    plan: 'unpause workspace-alice  # state: paused -> running\n',
  },
  {
    title: 'it is being removed',
    desired: alice(),
    containers: [container(alice(), { state: 'removing' })],
    plan: '= progressing, again after 1000 ms\n',
  },
  {
    title: 'it is dead',
    desired: alice(),
    containers: [container(alice(), { state: 'dead' })],
    plan: `remove container workspace-alice  # workspace-alice is dead
create container workspace-alice from app:1  # the container is dead
start workspace-alice  # the container is dead
`,
  },
  {
    title: 'the engine restarts it again and again',
    desired: alice(),
    containers: [container(alice(), { state: 'restarting', details: { exitCode: 127 } })],
    plan: '= CrashLoop: the main process ended with exit code 127 (the command was not found), again and again\n',
  },
  {
    title: 'it was out of memory',
    desired: alice(),
    containers: [container(alice(), { state: 'restarting', details: { oomKilled: true } })],
    plan: '= CrashLoop: the main process ended (out of memory), again and again\n',
  },
  {
    title: 'its health check fails',
    desired: alice(),
    containers: [container(alice(), { health: 'unhealthy' })],
    plan: '= Unhealthy: the health check fails (serving)\n',
  },
  {
    title: 'its health check has not answered',
    desired: alice(),
    containers: [container(alice(), { health: 'starting' })],
    plan: '= progressing\n',
  },
  {
    title: 'it was renamed by hand',
    desired: alice(),
    containers: [container(alice(), { name: 'mine' })],
    plan: 'rename mine to workspace-alice  # name: mine -> workspace-alice\n',
  },
  {
    title: 'a copy of it with our labels lacks its data',
    desired: alice(),
    containers: [container(alice(), { name: 'copy', mounts: [] })],
    plan: `create container workspace-alice from app:1  # the container workspace-alice does not exist
start workspace-alice  # the container workspace-alice does not exist
`,
  },
  {
    title: 'it was disconnected',
    desired: alice(),
    containers: [container(alice(), { networks: [] })],
    plan: 'connect workspace-alice to kalpana-workspaces  # network kalpana-workspaces: disconnected\n',
  },
  {
    title: 'the network was made anew',
    desired: alice(),
    containers: [container(alice(), { networks: [{ name: 'kalpana-workspaces', id: 'gone' }] })],
    plan: `disconnect workspace-alice from kalpana-workspaces  # network kalpana-workspaces: made anew
connect workspace-alice to kalpana-workspaces  # network kalpana-workspaces: made anew
`,
  },
  {
    title: 'limits and restart policy differ',
    desired: alice({ resources: { cpus: 1.5, memory: '1Gi', pids: 64 }, restartPolicy: 'no' }),
    containers: [container(alice())],
    plan: 'update workspace-alice  # cpus: none -> 1.5, memory: none -> 1073741824 bytes, pids: none -> 64, restartPolicy: unless-stopped -> no\n',
  },
  {
    title: 'it ended and its limits differ',
    desired: alice({ resources: { pids: 64 } }),
    containers: [container(alice(), { state: 'exited' })],
    plan: `update workspace-alice  # pids: none -> 64
start workspace-alice  # state: exited -> running
`,
  },
];

const BLOCKED: readonly Case[] = [
  {
    title: 'a foreign container has its name',
    desired: alice(),
    containers: [container(alice(), foreign)],
    plan: '= NameConflict: a container named workspace-alice exists and does not carry our labels\n',
  },
  {
    title: "another instance's container has its name",
    desired: alice(),
    containers: [container(alice(), { labels: { ...container(alice()).labels, [LABEL.controller]: 'other' } })],
    plan: '= NameConflict: a container named workspace-alice exists and belongs to the controller instance "other"\n',
  },
  {
    title: "another workspace's container has its name",
    desired: alice(),
    containers: [container(alice(), { labels: { ...container(alice()).labels, [LABEL.workspace]: 'bob' } })],
    plan: '= NameConflict: a container named workspace-alice exists and belongs to the controller instance "default"\n',
  },
  {
    title: 'a foreign volume has its data',
    desired: alice(),
    world: {
      volumes: new Map([['kalpana-workspace-alice', { name: 'kalpana-workspace-alice', driver: 'local', labels: {} }]]),
    },
    plan: '= VolumeConflict: the volume kalpana-workspace-alice exists and does not carry our labels\n',
  },
  {
    title: 'its data volume has another driver',
    desired: alice(),
    world: {
      volumes: new Map([['kalpana-workspace-alice', { name: 'kalpana-workspace-alice', driver: 'nfs', labels: {} }]]),
    },
    plan: '= VolumeConflict: the volume kalpana-workspace-alice exists and uses the driver nfs\n',
  },
  {
    title: 'the directory of its data is gone',
    desired: alice(),
    containers: [container(alice())],
    world: { storageDamaged: true },
    plan: '= DataVolumeDamaged: the directory behind the volume kalpana-workspace-alice is gone (serving)\n',
  },
  {
    title: 'a fixed port is taken',
    desired: alice({ ports: [{ containerPort: 80, hostPort: 8080 }] }),
    world: { takenPorts: [{ protocol: 'tcp', hostIP: '0.0.0.0', hostPort: 8080, holder: 'workspace bob' }] },
    plan: '= PortConflict: the port 127.0.0.1:8080/tcp is held by workspace bob\n',
  },
  {
    title: 'the network is not ours',
    desired: alice(),
    world: { networks: new Map([['kalpana-workspaces', { id: 'x', name: 'kalpana-workspaces', labels: {} }]]) },
    plan: '= NetworkConflict: a network named kalpana-workspaces exists and does not carry our labels\n',
  },
];

const stopped = alice({ state: 'Stopped' });
const STOPPED: readonly Case[] = [
  {
    title: 'stop what runs',
    desired: stopped,
    containers: [container(alice())],
    plan: 'stop workspace-alice  # state: Stopped\n',
  },
  {
    title: 'stop what is paused',
    desired: stopped,
    containers: [container(alice(), { state: 'paused' })],
    plan: `unpause workspace-alice  # state: Stopped
stop workspace-alice  # state: Stopped
`,
  },
  { title: 'stopped', desired: stopped, containers: [container(alice(), { state: 'exited' })], plan: '= stopped\n' },
  {
    title: 'stopped, and of another image',
    desired: alice({ state: 'Stopped', image: 'app:2' }),
    containers: [container(alice(), { state: 'exited' })],
    plan: '= stopped\n',
  },
  { title: 'nothing is made for a stopped one', desired: stopped, plan: '= stopped\n' },
  {
    title: 'a replacement under way',
    desired: stopped,
    containers: [
      container(alice(), { state: 'exited' }),
      container(alice(), { id: 'id-next', name: 'workspace-alice.next' }),
    ],
    plan: 'remove container workspace-alice.next  # the replacement is not needed while stopped\n',
  },
  {
    title: 'only the replacement is there',
    desired: stopped,
    containers: [container(alice(), { id: 'id-next', name: 'workspace-alice.next' })],
    plan: `stop workspace-alice.next  # state: Stopped
rename workspace-alice.next to workspace-alice  # finish the replacement
`,
  },
  {
    title: 'renamed by hand in the middle of a replacement',
    desired: stopped,
    containers: [
      container(alice(), { name: 'mine', state: 'exited' }),
      container(alice(), { id: 'id-next', name: 'workspace-alice.next' }),
    ],
    plan: `remove container workspace-alice.next  # the replacement is not needed while stopped
rename mine to workspace-alice  # finish the replacement
`,
  },
];

const LEGACY = { [LABEL.managed]: 'true', [LABEL.workspace]: 'alice' };

describe('planWorkspace', () => {
  it.each(NEW)('without a container: $title', ({ plan, ...situation }) =>
    expect(textOf(planWorkspace(inputOf(situation)))).toBe(plan),
  );
  it.each(KEEP)('in place: $title', ({ plan, ...situation }) =>
    expect(textOf(planWorkspace(inputOf(situation)))).toBe(plan),
  );
  it.each(BLOCKED)('blocked: $title', ({ plan, ...situation }) =>
    expect(textOf(planWorkspace(inputOf(situation)))).toBe(plan),
  );
  it.each(STOPPED)('state Stopped: $title', ({ plan, ...situation }) =>
    expect(textOf(planWorkspace(inputOf(situation)))).toBe(plan),
  );

  it('adopts a container of the replaced system by replacing it', () => {
    const situation = { desired: alice(), containers: [container(alice(), { labels: LEGACY, mounts: withoutNix })] };
    expect(textOf(planWorkspace(inputOf(situation))))
      .toBe(`create container workspace-alice.next from app:1  # the container does not record its spec, mount /nix: missing
stop workspace-alice  # the container does not record its spec, mount /nix: missing
start workspace-alice.next  # the container does not record its spec, mount /nix: missing
wait until workspace-alice.next is ready  # the container does not record its spec, mount /nix: missing
remove container workspace-alice  # the container does not record its spec, mount /nix: missing
rename workspace-alice.next to workspace-alice  # finish the replacement
`);
  });

  it('says whether the engine or the spec moved', () => {
    const drifts = (situation: Situation) =>
      planWorkspace(inputOf(situation)).operations.map(({ drift }) => drift ?? 'spec');
    expect(drifts({ desired: alice(), containers: [container(alice(), { state: 'exited' })] })).toEqual(['state']);
    expect(drifts({ desired: alice({ image: 'app:2' }), containers: [container(alice())] })).not.toContain('mounts');
    expect(drifts({ desired: alice(), containers: [container(alice(), { mounts: withoutNix })] })).toContain('mounts');
  });
});
