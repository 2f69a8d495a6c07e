import { beforeAll, describe, expect, it } from '@jest/globals';
import { inLongRuns } from '../support/cases.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Docker } from '../support/e2e/docker.js';
import { eventually } from '../support/e2e/eventually.js';
import { startEngineProxy, type EngineProxy } from '../support/e2e/proxy.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { NO_CACHE } from '../support/e2e/kalpana-specs.js';

/** Something a person does to a container behind the controller's back. */
interface Damage {
  readonly what: string;
  readonly slug: string;
  /** The field under which it is counted. */
  readonly field: string;
  /** Only an inspect shows it: the deep resync finds it, each tenth. */
  readonly deep?: true;
  /** Mended in place: the container stays the same. */
  readonly inPlace: boolean;
  readonly inflict: (docker: Docker, container: string) => Promise<unknown>;
}

const MIB = 1024 * 1024;

const damages: readonly Damage[] = [
  {
    what: 'removed',
    slug: 'removed',
    field: 'container',
    inPlace: false,
    inflict: (docker, name) => docker.remove(name),
  },
  { what: 'killed', slug: 'killed', field: 'state', inPlace: true, inflict: (docker, name) => docker.kill(name) },
  { what: 'stopped', slug: 'stopped', field: 'state', inPlace: true, inflict: (docker, name) => docker.stop(name) },
  { what: 'paused', slug: 'paused', field: 'state', inPlace: true, inflict: (docker, name) => docker.pause(name) },
  {
    what: 'renamed',
    slug: 'renamed',
    field: 'name',
    inPlace: true,
    inflict: (docker, name) => docker.rename(name, `moved-${name}`),
  },
  {
    what: 'disconnected from its network',
    slug: 'cut-off',
    field: 'network',
    inPlace: true,
    inflict: (docker, name) => docker.disconnect(name, 'kalpana-workspaces'),
  },
  {
    what: 'given other limits with docker update',
    slug: 'limits',
    field: 'limits',
    deep: true,
    inPlace: true,
    inflict: (docker, name) =>
      docker.update(name, { Memory: 96 * MIB, MemorySwap: 96 * MIB, NanoCpus: 0.75e9, PidsLimit: 77 }),
  },
  {
    what: 'given another restart policy with docker update',
    slug: 'policy',
    field: 'restartPolicy',
    deep: true,
    inPlace: true,
    inflict: (docker, name) => docker.update(name, { RestartPolicy: { Name: 'always' } }),
  },
];

const SPEC = { resources: { cpus: 0.5, memory: '64Mi', pids: 50 } };

async function asWanted(docker: Docker, name: string): Promise<string> {
  const { Id, State, HostConfig, NetworkSettings } = await docker.container(name);
  expect({
    state: State.Status,
    memory: HostConfig.Memory,
    cpus: HostConfig.NanoCpus,
    pids: HostConfig.PidsLimit,
    restart: HostConfig.RestartPolicy.Name,
  }).toEqual({
    state: 'running',
    memory: 64 * MIB,
    cpus: 0.5e9,
    pids: 50,
    restart: 'unless-stopped',
  });
  expect(Object.keys(NetworkSettings.Networks)).toEqual(['kalpana-workspaces']);
  return Id;
}

/** Makes eight workspaces with a file each; gives the container of each damage. */
async function settle(
  site: ReturnType<typeof createSite>,
  kalpana: Kalpana,
): Promise<Map<string, { name: string; container: string; id: string }>> {
  const names = damages.map(({ slug }) => site.put(`${site.instance}-${slug}`, SPEC));
  await kalpana.ready(...names);
  const made = names.map(async (name, index) => {
    const container = `workspace-${name}`;
    await site.docker.sh(container, `echo ${name} > /workspace/file`);
    return [damages[index]?.slug ?? '', { name, container, id: await asWanted(site.docker, container) }] as const;
  });
  return new Map(await Promise.all(made));
}

/** All at once: each is of a workspace of its own, and is asked about by its own test. */
async function inflictAll(
  site: ReturnType<typeof createSite>,
  made: Awaited<ReturnType<typeof settle>>,
): Promise<void> {
  const containers = damages.map(({ slug }) => made.get(slug)?.container ?? '');
  await Promise.all(damages.map(({ inflict }, index) => inflict(site.docker, containers[index] ?? '')));
}

async function expectMended(
  docker: Docker,
  damage: Damage,
  before: { name: string; container: string; id: string },
  withinMs: number,
): Promise<void> {
  const id = await eventually(
    async () => {
      // Something must have happened: a damage that did not take would look mended.
      return asWanted(docker, before.container);
    },
    { withinMs },
  );
  if (damage.inPlace) expect(id).toBe(before.id);
  else expect(id).not.toBe(before.id);
  expect(await docker.read(before.container, '/workspace/file')).toBe(before.name);
  expect(await docker.list(`kalpana.workspace.id=${before.name}`)).toEqual([`${before.container}: running`]);
}

async function expectDrift(kalpana: Kalpana, name: string, field: string, withinMs: number): Promise<void> {
  // The engine ends a container before it removes it: an event in between tells of one that does not run.
  const seen = field === 'container' ? expect.stringMatching(/^(container|state)$/) : field;
  await kalpana.log({ msg: 'drift', key: name, field: seen }, withinMs);
  await kalpana.until(name, { phase: 'Ready' });
}

describe('drift found by event at once, without any resync', () => {
  const site = createSite('drift-ev', testEngineHost(), NO_CACHE);
  let kalpana: Kalpana;
  let made: Awaited<ReturnType<typeof settle>>;
  beforeAll(async () => {
    kalpana = site.start();
    made = await settle(site, kalpana);
    await inflictAll(site, made);
  });

  it.each(damages)('container $what', async (damage) => {
    const before = made.get(damage.slug);
    if (before === undefined) throw new Error('not made');
    await expectDrift(kalpana, before.name, damage.field, 10_000);
    await expectMended(site.docker, damage, before, 15_000);
    const mending = kalpana
      .logs()
      .filter(({ msg, key, operations }) => msg === 'reconciled' && key === before.name && Number(operations) > 0);
    expect(mending.at(-1)?.['trigger']).toContain('event');
    expect((await kalpana.events(before.name)).map(({ reason }) => reason)).toContain('DriftDetected');
  });
});

inLongRuns('simulation laws: the same of each damage with its event lost', () =>
  describe('drift found by resync when no event comes', () => {
    const site = createSite('drift-rs', testEngineHost(), NO_CACHE);
    let kalpana: Kalpana;
    let proxy: EngineProxy;
    let made: Awaited<ReturnType<typeof settle>>;
    beforeAll(async () => {
      proxy = await startEngineProxy(testEngineHost());
      proxy.events('swallow');
      kalpana = site.start({ resync: 0.5, host: proxy.host, flags: ['--listen', '127.0.0.1:0'] });
      made = await settle(site, kalpana);
      await kalpana.resyncs(2);
      await inflictAll(site, made);
    });

    it.each(damages)('container $what', async (damage) => {
      const before = made.get(damage.slug);
      if (before === undefined) throw new Error('not made');
      await expectDrift(kalpana, before.name, damage.field, 20_000);
      await expectMended(site.docker, damage, before, 15_000);
      const { msg } =
        kalpana.logs().find(({ key, msg }) => key === before.name && msg === 'found by a resync, no event came') ?? {};
      expect(msg).toBeDefined();
    });

    it('counts what only a resync found in missed_events_total', async () => {
      const text = await (await fetch(`${await kalpana.address()}/metrics`)).text();
      const missed = Number(/^kalpana_missed_events_total (\d+)$/m.exec(text)?.[1]);
      expect(missed).toBeGreaterThanOrEqual(damages.length);
    });
  }),
);

describe('an event stream that is cut', () => {
  const site = createSite('drift-cut', testEngineHost(), NO_CACHE);

  it('is opened again, and what happened meanwhile is found at once, without any resync', async () => {
    const proxy = await startEngineProxy(testEngineHost());
    const kalpana = site.start({ host: proxy.host });
    const name = site.put('drift-cut-one');
    await kalpana.ready(name);
    const before = proxy.streams();
    proxy.events('refuse');
    await kalpana.log({ msg: 'event stream', state: 'closed' });
    await site.docker.remove(`workspace-${name}`);
    proxy.events('pass');
    await eventually(() => expect(proxy.streams()).toBeGreaterThan(before), { withinMs: 20_000 });
    await eventually(async () => expect(await site.docker.list(site.label)).toEqual([`workspace-${name}: running`]), {
      withinMs: 20_000,
    });
  });
});
