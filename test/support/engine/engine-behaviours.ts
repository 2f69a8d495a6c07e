import { INSIDE_BEHAVIOURS } from './engine-behaviours-inside.js';
import { LINK_BEHAVIOURS } from './engine-behaviours-links.js';
import {
  definition,
  outcome,
  started,
  stateOf,
  type EngineBehaviour,
  type EngineUnderTest,
} from './engine-behaviours-steps.js';

export { commandsOf } from './engine-behaviours-inside.js';
export type { EngineUnderTest } from './engine-behaviours-steps.js';

/** What the controller's laws rest on. The same table runs against the fake engine and a real one. */
export const ENGINE_BEHAVIOURS: readonly EngineBehaviour[] = [
  {
    title: 'a created container has not started, and its ports are not in use',
    expected: 'created, never started, 0 ports',
    async run(engine) {
      const name = `${engine.prefix}-a`;
      await engine.docker.createContainer(
        name,
        definition(engine, {
          ports: [{ containerPort: 80, protocol: 'tcp', hostIP: '127.0.0.1', hostPort: engine.hostPort }],
        }),
      );
      const seen = await engine.docker.inspectContainer(name);
      return `${seen?.state}, ${seen?.details?.startedAt === null ? 'never started' : 'started'}, ${seen?.ports.length} ports`;
    },
  },
  {
    title: 'a taken name is a conflict',
    expected: 'conflict: is already in use by container',
    async run(engine) {
      await engine.docker.createContainer(`${engine.prefix}-a`, definition(engine));
      return outcome(
        engine.docker.createContainer(`${engine.prefix}-a`, definition(engine)),
        /is already in use by container/,
      );
    },
  },
  {
    title: 'an image that is not there is not found, whether or not the name is taken',
    expected: 'not-found: No such image, not-found: No such image',
    async run(engine) {
      const lacking = definition(engine, { image: 'kalpana/absent:1' });
      const first = await outcome(engine.docker.createContainer(`${engine.prefix}-a`, lacking), /No such image/);
      await engine.docker.createContainer(`${engine.prefix}-a`, definition(engine));
      return `${first}, ${await outcome(engine.docker.createContainer(`${engine.prefix}-a`, lacking), /No such image/)}`;
    },
  },
  {
    title: 'start of a started and stop of a stopped container succeed',
    expected: 'ok running, ok exited, ok exited',
    async run(engine) {
      const id = await started(engine, `${engine.prefix}-a`);
      const again = `${await outcome(engine.docker.startContainer(id))} ${await stateOf(engine, id)}`;
      const stop = `${await outcome(engine.docker.stopContainer(id, 0))} ${await stateOf(engine, id)}`;
      return `${again}, ${stop}, ${await outcome(engine.docker.stopContainer(id, 0))} ${await stateOf(engine, id)}`;
    },
  },
  {
    title: 'a running container is not removed without force; a gone one is gone',
    expected: 'conflict: cannot remove, running, ok absent, ok',
    async run(engine) {
      const id = await started(engine, `${engine.prefix}-a`);
      const refused = await outcome(engine.docker.removeContainer(id, false), /cannot remove/i);
      const still = await stateOf(engine, id);
      return `${refused.toLowerCase()}, ${still}, ${await outcome(engine.docker.removeContainer(id, true))} ${await stateOf(engine, id)}, ${await outcome(engine.docker.removeContainer(id, true))}`;
    },
  },
  {
    title: 'a rename keeps the id, may be repeated, and does not take a name from another',
    expected: 'same id, ok, conflict: is already in use',
    async run(engine) {
      const id = await engine.docker.createContainer(`${engine.prefix}-a`, definition(engine));
      await engine.docker.createContainer(`${engine.prefix}-b`, definition(engine));
      await engine.docker.renameContainer(id, `${engine.prefix}-c`);
      const seen = await engine.docker.inspectContainer(`${engine.prefix}-c`);
      const again = await outcome(engine.docker.renameContainer(id, `${engine.prefix}-c`));
      return `${seen?.id === id ? 'same id' : 'another id'}, ${again}, ${await outcome(engine.docker.renameContainer(id, `${engine.prefix}-b`), /is already in use/)}`;
    },
  },
  {
    title: 'a volume that exists keeps its labels (F13); one in use is not removed; a gone one is gone',
    expected: '{"a":"1"} {"a":"1"}, conflict: volume is in use, ok, ok',
    async run(engine) {
      const volume = `${engine.prefix}-v`;
      const first = await engine.docker.createVolume(volume, { a: '1' });
      const second = await engine.docker.createVolume(volume, { a: '2' });
      const mounts = [{ type: 'volume', source: volume, target: '/data', readOnly: false }] as const;
      const id = await engine.docker.createContainer(`${engine.prefix}-a`, definition(engine, { mounts }));
      const used = await outcome(engine.docker.removeVolume(volume), /volume is in use/);
      await engine.docker.removeContainer(id, true);
      return `${JSON.stringify(first.labels)} ${JSON.stringify(second.labels)}, ${used}, ${await outcome(engine.docker.removeVolume(volume))}, ${await outcome(engine.docker.removeVolume(volume))}`;
    },
  },
  {
    title: 'a container makes the volume that it lacks, without a label',
    expected: 'local {}',
    async run(engine) {
      const volume = `${engine.prefix}-v`;
      await engine.docker.createContainer(
        `${engine.prefix}-a`,
        definition(engine, { mounts: [{ type: 'volume', source: volume, target: '/data', readOnly: false }] }),
      );
      const seen = (await engine.docker.listVolumes()).find(({ name }) => name === volume);
      return `${seen?.driver} ${JSON.stringify(seen?.labels)}`;
    },
  },
  {
    title: 'a port that another container publishes is refused at the start, and the container stays as it was',
    expected: 'server: port is already allocated, created',
    async run(engine) {
      const ports = [{ containerPort: 80, protocol: 'tcp', hostIP: '127.0.0.1', hostPort: engine.hostPort }] as const;
      await started(engine, `${engine.prefix}-a`, { ports });
      const id = await engine.docker.createContainer(`${engine.prefix}-b`, definition(engine, { ports }));
      return `${await outcome(engine.docker.startContainer(id), /port is already allocated/)}, ${await stateOf(engine, id)}`;
    },
  },
  {
    title: 'a bind source that is not there is refused at the creation',
    expected: 'rejected: bind source path does not exist',
    async run(engine) {
      const mounts = [{ type: 'bind', source: '/kalpana-absent', target: '/data', readOnly: true }] as const;
      return outcome(
        engine.docker.createContainer(`${engine.prefix}-a`, definition(engine, { mounts })),
        /bind source path does not exist/,
      );
    },
  },
  {
    title: 'more cores than the host has are refused at the creation',
    expected: 'rejected: CPUs is from',
    run: (engine) =>
      outcome(
        engine.docker.createContainer(
          `${engine.prefix}-a`,
          definition(engine, { limits: { nanoCpus: 4096e9, memoryBytes: 0, pids: 0 } }),
        ),
        /CPUs is from/,
      ),
  },
  {
    title: 'a network is joined and left on a running container, once and again',
    expected: 'none, ok, ok, joined, ok, ok, none',
    async run(engine) {
      const network = `${engine.prefix}-n`;
      await engine.docker.createNetwork(network, {});
      const id = await started(engine, `${engine.prefix}-a`);
      const joined = async () =>
        (await engine.docker.inspectContainer(id))?.networks.some(
          ({ name, id: networkId }) => name === network && networkId !== '',
        )
          ? 'joined'
          : 'none';
      const steps = [
        await joined(),
        await outcome(engine.docker.connectNetwork(network, id)),
        await outcome(engine.docker.connectNetwork(network, id)),
        await joined(),
      ];
      return [
        ...steps,
        await outcome(engine.docker.disconnectNetwork(network, id)),
        await outcome(engine.docker.disconnectNetwork(network, id)),
        await joined(),
      ].join(', ');
    },
  },
  {
    title: 'an update changes limits and restart policy of a running container',
    expected: '{"nanoCpus":0,"memoryBytes":67108864,"pids":33} on-failure',
    async run(engine) {
      const id = await started(engine, `${engine.prefix}-a`);
      await engine.docker.updateContainer(id, {
        limits: { nanoCpus: 0, memoryBytes: 64 * 1024 * 1024, pids: 33 },
        restartPolicy: 'on-failure',
      });
      const details = (await engine.docker.inspectContainer(id))?.details;
      return `${JSON.stringify(details?.limits)} ${details?.restartPolicy}`;
    },
  },
  {
    title: 'the list shows no details and filters by workspace',
    expected: '1 of bob, without details, running',
    async run(engine) {
      const workspace = `${engine.prefix}-bob`;
      await started(engine, `${engine.prefix}-a`, { labels: { 'kalpana.workspace.id': workspace } });
      await started(engine, `${engine.prefix}-b`);
      const [first, ...rest] = await engine.docker.listContainers({ workspace });
      return `${rest.length + 1} of bob, ${first?.details === null ? 'without' : 'with'} details, ${first?.state}`;
    },
  },
  ...INSIDE_BEHAVIOURS,
  ...LINK_BEHAVIOURS,
];

/** Removes all that a behaviour made. */
export async function cleanUp({ docker, prefix }: EngineUnderTest): Promise<void> {
  const isOurs = ({ name }: { readonly name: string }) => name.startsWith(`${prefix}-`);
  for (const { id } of (await docker.listContainers()).filter(isOurs)) await docker.removeContainer(id, true);
  for (const { name } of (await docker.listVolumes()).filter(isOurs)) await docker.removeVolume(name);
}
