import { afterEach, describe, expect, it } from '@jest/globals';
import type { DesiredCache } from '../../controller/model/desired.js';
import { KEEPER_NETWORK, LABEL, containerName, dataVolumeName, keeperName } from '../../controller/model/names.js';
import { containerDefinition } from '../../controller/plan/definition.js';
import { environmentRequest } from '../../controller/nix/packages/environment-key.js';
import { LIMIT_MS } from '../support/cases.js';
import type { Fault } from '../support/engine/fake-engine.js';
import { RESOLVE_SCRIPT } from '../../controller/nix/keeper/scripts.js';
import { createSimulation, SIM_INSTANCE, type Simulation } from '../support/sim/controller.js';
import { crashPointsOf } from '../support/sim/crash-points.js';
import { createSimKeepers, keyIn, type SimKeepers } from '../support/sim/keeper.js';
import { desiredWorkspace } from '../support/sim/specs.js';
import { CONFIG } from '../unit/nix/samples.js';

const VOLUME = 'kalpana-nix-store-team';
const OTHER_VOLUME = 'kalpana-nix-store-other';
const KEEPER = keeperName('team');
const open: Simulation[] = [];
afterEach(() => open.splice(0).forEach((sim) => sim.dispose()));

interface World extends Simulation {
  readonly keepers: SimKeepers;
}

function cache(change: Partial<DesiredCache['config']> = {}): DesiredCache {
  return {
    name: 'team',
    location: { source: 's', file: 'c.json', line: 1, column: 1 },
    config: { ...CONFIG, image: 'keeper:1', network: KEEPER_NETWORK, ...change },
    problem: null,
  };
}

function world(): World {
  const keepers = createSimKeepers();
  const sim = createSimulation({ latencyMs: () => 1, exec: keepers.exec, plainImages: ['app:1', 'app:2'] });
  open.push(sim);
  for (const image of ['app:1', 'app:2', 'keeper:1', 'keeper:2']) sim.engine.state.images.add(image);
  sim.specs.setCaches([cache()]);
  return Object.assign(sim, { keepers });
}

const spec = (...packages: string[]) => ({ image: 'app:1', cache: 'team', packages });
const keyOf = (...packages: string[]) => environmentRequest(CONFIG.nixpkgs, packages).key;
const running = ({ engine }: World) =>
  [...engine.state.containers.values()]
    .filter(({ state }) => state === 'running')
    .map(({ name }) => name)
    .sort();
const reason = (sim: World, name: string, type = 'Ready') =>
  sim
    .status()
    .get(name)
    ?.conditions.find((one) => one.type === type)?.reason;
const resolved = ({ engine }: World) =>
  engine.calls.filter(
    ({ verb, args }) => verb === 'exec' && (args[1] as { command: string[] }).command[2] === RESOLVE_SCRIPT,
  ).length;
const container = ({ engine }: World, name: string) =>
  [...engine.state.containers.values()].find((one) => one.name === name);
const profile = (sim: World, name: string) => keyIn(sim.keepers.store(VOLUME), name);

async function started(...names: string[]): Promise<World> {
  const sim = world();
  for (const name of names) sim.specs.set(name, spec('hello'));
  sim.start();
  await sim.settle();
  return sim;
}

/** Everything that a person would look at; ids and times aside. */
function picture(sim: World): object {
  const { environments, profiles, images } = sim.keepers.store(VOLUME);
  const containers = [...sim.engine.state.containers.values()]
    .map(({ name, state, definition }) => `${name} ${state} ${definition.image}`)
    .sort();
  return {
    containers,
    volumes: [...sim.engine.state.volumes.keys()].sort(),
    environments: [...environments].sort(),
    profiles: [...profiles].sort(),
    images: [...images].sort(),
  };
}

const SCENARIOS: readonly {
  title: string;
  given?: (sim: World) => Promise<void>;
  when: (sim: World) => void;
  /** What has to pass besides, when all is quiet. */
  afterMs?: number;
  then: (sim: World) => void;
}[] = [
  {
    title: 'a cold start with packages',
    when: (sim) => sim.specs.set('alice', spec('hello')),
    then: (sim) => expect([running(sim), profile(sim, 'alice')]).toEqual([[KEEPER, 'workspace-alice'], keyOf('hello')]),
  },
  {
    title: 'changed packages',
    given: async (sim) => (sim.specs.set('alice', spec('hello')), sim.start(), sim.settle()),
    when: (sim) => sim.specs.set('alice', spec('tool')),
    then: (sim) => expect(profile(sim, 'alice')).toBe(keyOf('tool')),
  },
  {
    title: 'a changed keeper',
    given: async (sim) => (sim.specs.set('alice', spec('hello')), sim.start(), sim.settle()),
    when: (sim) => sim.specs.setCaches([cache({ image: 'keeper:2' })]),
    then: (sim) =>
      expect([running(sim), container(sim, KEEPER)?.definition.image]).toEqual([
        [KEEPER, 'workspace-alice'],
        'keeper:2',
      ]),
  },
  {
    title: 'a killed keeper',
    given: async (sim) => (sim.specs.set('alice', spec('hello')), sim.start(), sim.settle()),
    when: (sim) => sim.engine.hands.kill(KEEPER),
    then: (sim) => expect(running(sim)).toEqual([KEEPER, 'workspace-alice']),
  },
  {
    title: 'a paused keeper',
    given: async (sim) => (sim.specs.set('alice', spec('hello')), sim.start(), sim.settle()),
    when: (sim) => sim.engine.hands.pause(KEEPER),
    then: (sim) => expect(running(sim)).toEqual([KEEPER, 'workspace-alice']),
  },
  {
    title: 'a killed keeper whose network was removed meanwhile',
    given: async (sim) => (sim.specs.set('alice', spec('hello')), sim.start(), sim.settle()),
    when: (sim) => {
      sim.engine.state.networks.delete(KEEPER_NETWORK);
      sim.engine.hands.kill(KEEPER);
    },
    then: (sim) => expect(running(sim)).toEqual([KEEPER, 'workspace-alice']),
  },
  {
    title: 'a new image and new packages at once',
    given: async (sim) => (sim.specs.set('alice', spec('hello')), sim.start(), sim.settle()),
    when: (sim) => sim.specs.set('alice', { ...spec('tool'), image: 'app:2' }),
    then: (sim) =>
      expect([container(sim, 'workspace-alice')?.definition.image, profile(sim, 'alice')]).toEqual([
        'app:2',
        keyOf('tool'),
      ]),
  },
  {
    title: 'an image with a store of its own',
    given: (sim) => plantOwnStore(sim),
    when: (sim) => sim.specs.set('alice', { ...spec('hello'), image: OWN }),
    // An import that failed is tried again after a while.
    afterMs: 20_000,
    then: (sim) =>
      expect([running(sim), [...sim.keepers.store(VOLUME).images], profile(sim, 'alice')]).toEqual([
        [KEEPER, 'workspace-alice'],
        [OWN],
        keyOf('hello'),
      ]),
  },
  {
    title: 'a volume of the replaced system',
    given: (sim) => plantBareStore(sim, 'alice'),
    when: (sim) => sim.specs.set('alice', spec('hello')),
    // After an answer that was lost, the next resync at the latest goes on.
    afterMs: 40_000,
    then: (sim) => {
      expect([running(sim), profile(sim, 'alice')]).toEqual([[KEEPER, 'workspace-alice'], keyOf('hello')]);
      const mounts = container(sim, 'workspace-alice')?.mounts;
      expect(mounts?.find(({ source }) => source === VOLUME)).toMatchObject({ target: '/nix', readOnly: true });
    },
  },
  {
    title: 'a move to another cache',
    given: async (sim) => {
      sim.specs.setCaches([cache(), { ...cache(), name: 'other' }]);
      sim.specs.set('alice', { ...spec('hello'), cache: 'other' });
      sim.start();
      await sim.settle();
      expect(nixOf(sim)).toBe(OTHER_VOLUME);
    },
    when: (sim) => sim.specs.set('alice', spec('tool')),
    then: (sim) => expect([nixOf(sim), profile(sim, 'alice')]).toEqual([VOLUME, keyOf('tool')]),
  },
  {
    title: 'a cache that is given',
    given: async (sim) => (sim.specs.set('alice', { image: 'app:1', cache: false }), sim.start(), sim.settle()),
    when: (sim) => sim.specs.set('alice', spec('hello')),
    then: (sim) => expect([nixOf(sim), profile(sim, 'alice')]).toEqual([VOLUME, keyOf('hello')]),
  },
  {
    title: 'a cache that is taken',
    given: async (sim) => (sim.specs.set('alice', spec('hello')), sim.start(), sim.settle()),
    when: (sim) => sim.specs.set('alice', { image: 'app:1', cache: false }),
    then: (sim) => expect([nixOf(sim), container(sim, 'workspace-alice')?.definition.env]).toEqual([undefined, []]),
  },
];

/** The volume that a workspace has as its /nix. */
function nixOf(sim: World): string | undefined {
  return container(sim, 'workspace-alice')?.mounts.find(({ target }) => target === '/nix')?.source;
}

/** Of a trusted image that brings a store, whose id in the fake engine is its name. */
const OWN = 'own:1';

/** The import's directory is there, as the keeper's script would make it. */
async function plantOwnStore({ engine: { state }, specs }: World): Promise<void> {
  state.images.add(OWN);
  state.imageDirectories.set(OWN, new Map([['/nix/store', ['0123456789abcdfghijklmnpqrsvwxyz-own-1.0']]]));
  state.directories.set(`volume ${VOLUME}:/var/kalpana/import/${OWN}/nix`, ['store']);
  specs.setCaches([cache({ trustedImages: [OWN] })]);
}

/** Workspaces as the replaced system left them: the cache's volume is a bare store, at another place. */
async function plantBareStore({ engine }: World, ...names: readonly string[]): Promise<void> {
  engine.hands.createVolume(VOLUME, { [LABEL.shared]: 'true', [LABEL.managed]: 'true' });
  for (const name of names) {
    const labels = { [LABEL.managed]: 'true', [LABEL.workspace]: name };
    engine.hands.createVolume(dataVolumeName(name), labels);
    const desired = desiredWorkspace(name, { image: 'app:1', cache: false });
    const definition = containerDefinition(desired, SIM_INSTANCE, [], null);
    const bare = { type: 'volume', source: VOLUME, target: '/nix/store', readOnly: false } as const;
    const mounts = [...definition.mounts, bare];
    engine.hands.run(containerName(name), { ...definition, labels, network: 'bridge', mounts });
  }
}

describe('a cache, with the controller killed or its calls failed at every one of them', () => {
  it.each(SCENARIOS)(
    '$title',
    async ({ given, when, afterMs = 0, then }) => {
      const play = async (fault: (call: number) => Fault) => {
        const sim = world();
        await given?.(sim);
        const before = sim.engine.calls.length;
        sim.setFault(({ number }) => fault(number - before));
        when(sim);
        sim.start();
        await sim.settle();
        if (afterMs > 0) await sim.clock.run(afterMs);
        return { sim, calls: sim.engine.calls.slice(before) };
      };
      const undisturbed = await play(() => 'none');
      then(undisturbed.sim);
      const expected = picture(undisturbed.sim);
      for (const { fault, k } of crashPointsOf(undisturbed.calls)) {
        const { sim } = await play((call) => (call === k ? fault : 'none'));
        expect({ fault, k, seen: picture(sim), violations: sim.violations, faults: sim.faults }).toEqual({
          fault,
          k,
          seen: expected,
          violations: [],
          faults: [],
        });
        open.splice(0).forEach((one) => one.dispose());
      }
    },
    LIMIT_MS,
  );
});

describe('environments', () => {
  it('are realised once for twenty workspaces that ask at once (F9), and again for none', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `ws-${index}`);
    const sim = await started(...names);
    expect([...sim.keepers.store(VOLUME).realised.values()]).toEqual([1]);
    expect(names.map((name) => [profile(sim, name), reason(sim, name)])).toEqual(
      names.map(() => [keyOf('hello'), 'Ready']),
    );
  });

  it('that are known and linked need no exec when their container comes back (F15)', async () => {
    const sim = await started('alice');
    const before = sim.engine.calls.length;
    sim.engine.hands.remove('workspace-alice');
    await sim.settle();
    expect(running(sim)).toEqual([KEEPER, 'workspace-alice']);
    expect(sim.engine.calls.slice(before).filter(({ verb }) => verb === 'exec')).toEqual([]);
  });

  it('that fail leave the old one, and are tried again when the spec changes', async () => {
    const sim = await started('alice');
    sim.keepers.fail("kalpana-missing: 'nosuch' is not in /nixpkgs");
    sim.specs.set('alice', spec('nosuch'));
    await sim.settle();
    expect([running(sim), profile(sim, 'alice'), reason(sim, 'alice')]).toEqual([
      [KEEPER, 'workspace-alice'],
      keyOf('hello'),
      'PackageNotFound',
    ]);
    const before = resolved(sim);
    await sim.clock.run(3_600_000);
    expect(resolved(sim)).toBe(before);
    sim.keepers.fail(null);
    sim.specs.set('alice', spec('tool'));
    await sim.settle();
    expect([profile(sim, 'alice'), reason(sim, 'alice')]).toEqual([keyOf('tool'), 'Ready']);
  });

  it('that cannot be fetched are tried again, less and less often, until they can', async () => {
    const sim = await started('alice');
    sim.keepers.fail("unable to download 'http://c/x.narinfo': Could not connect to server");
    sim.specs.set('alice', spec('tool'));
    await sim.clock.run(600_000);
    expect([reason(sim, 'alice'), reason(sim, 'alice', 'PackagesReady')]).toEqual([
      'PackageFetchFailed',
      'PackageFetchFailed',
    ]);
    const tries = resolved(sim);
    expect(tries).toBeGreaterThan(10);
    expect(tries).toBeLessThan(60);
    sim.keepers.fail(null);
    await sim.clock.run(120_000);
    expect([profile(sim, 'alice'), reason(sim, 'alice')]).toEqual([keyOf('tool'), 'Ready']);
  });
});

describe('a keeper', () => {
  it('that is gone holds the workspaces that need it and no others', async () => {
    const sim = world();
    sim.engine.state.images.delete('keeper:1');
    sim.specs.set('alice', spec('hello'));
    sim.specs.set('bob', spec());
    sim.specs.set('carol', { image: 'app:1', cache: false });
    sim.start();
    await sim.clock.run(60_000);
    expect([reason(sim, 'alice'), reason(sim, 'bob'), reason(sim, 'carol')]).toEqual([
      'KeeperNotReady',
      'Ready',
      'Ready',
    ]);
    expect(reason(sim, 'bob', 'CacheReady')).toBe('KeeperNotReady');
    expect(running(sim)).toEqual(['workspace-bob', 'workspace-carol']);
    sim.engine.state.images.add('keeper:1');
    await sim.clock.run(120_000);
    expect([reason(sim, 'alice'), running(sim)]).toEqual([
      'Ready',
      [KEEPER, 'workspace-alice', 'workspace-bob', 'workspace-carol'],
    ]);
  });

  it('is not made while a container of the replaced system that no spec names has the volume, stopped or not', async () => {
    const sim = world();
    await plantBareStore(sim, 'alice', 'stranger');
    sim.specs.set('alice', spec('hello'));
    sim.specs.set('bob', spec('tool'));
    sim.start();
    for (const state of ['running', 'exited'] as const) {
      if (state === 'exited') sim.engine.hands.stop('workspace-stranger');
      await sim.clock.run(60_000);
      expect(container(sim, KEEPER)).toBeUndefined();
      expect(container(sim, 'workspace-stranger')?.state).toBe(state);
      const ready = sim
        .status()
        .get('bob')
        ?.conditions.find(({ type }) => type === 'Ready');
      expect(ready).toMatchObject({
        reason: 'CacheMigrating',
        message: expect.stringMatching(/still serves workspace-stranger\b/),
      });
    }
    sim.engine.hands.remove('workspace-stranger');
    await sim.clock.run(60_000);
    expect(running(sim)).toEqual([KEEPER, 'workspace-alice', 'workspace-bob']);
    expect([profile(sim, 'alice'), profile(sim, 'bob')]).toEqual([keyOf('hello'), keyOf('tool')]);
  });

  it('is looked at by nobody while nothing happens, but for the deep look', async () => {
    const sim = await started('alice');
    // The size of the store is taken a minute after it grew.
    await sim.clock.run(61_000);
    const before = sim.engine.calls.length;
    await sim.clock.run(7 * 30_000 - 1_000);
    expect(new Set(sim.engine.calls.slice(before).map(({ verb }) => verb))).toEqual(
      new Set(['listContainers', 'listVolumes', 'listNetworks']),
    );
  });

  it('whose volume went with it is made anew, and so are the packages', async () => {
    const sim = await started('alice');
    sim.engine.hands.remove('workspace-alice');
    sim.engine.hands.remove(KEEPER);
    sim.engine.hands.removeVolume(VOLUME);
    const { environments, profiles, realised } = sim.keepers.store(VOLUME);
    for (const one of [environments, profiles, realised]) one.clear();
    await sim.settle();
    await sim.clock.run(60_000);
    expect([running(sim), profile(sim, 'alice'), reason(sim, 'alice')]).toEqual([
      [KEEPER, 'workspace-alice'],
      keyOf('hello'),
      'Ready',
    ]);
  });
});
