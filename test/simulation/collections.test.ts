import { afterEach, describe, expect, it } from '@jest/globals';
import type { DesiredCache } from '../../controller/model/desired.js';
import type { GcNews } from '../../controller/model/gc-status.js';
import { environmentRequest } from '../../controller/nix/packages/environment-key.js';
import { LIMIT_MS } from '../support/cases.js';
import { createSimulation, type Simulation } from '../support/sim/controller.js';
import { crashPointsOf, type CrashPoint } from '../support/sim/crash-points.js';
import { createSimKeepers, keyIn, type SimKeepers, type SimStore } from '../support/sim/keeper.js';
import { CONFIG } from '../unit/nix/samples.js';

const VOLUME = 'kalpana-nix-store-team';
const HASH = 'djjxv3pda7r3hh3lrkcq4bwaji4x35av';
const DEAD = `/nix/store/${HASH}-kalpana-env-${'d'.repeat(32)}`;
const USED = `/nix/store/${HASH}-kalpana-env-${'e'.repeat(32)}`;
const open: Simulation[] = [];
afterEach(() => open.splice(0).forEach((sim) => sim.dispose()));

interface World extends Simulation {
  readonly keepers: SimKeepers;
  readonly store: SimStore;
}

function cache(gc: Partial<DesiredCache['config']['gc']> = {}): DesiredCache {
  return {
    name: 'team',
    location: { source: 's', file: 'c.json', line: 1, column: 1 },
    config: { ...CONFIG, image: 'keeper:1', gc: { ...CONFIG.gc, schedule: '0 4 1 1 *', retainMs: 0, ...gc } },
    problem: null,
  };
}

async function started(gc: Partial<DesiredCache['config']['gc']> = {}): Promise<World> {
  const keepers = createSimKeepers();
  const sim = createSimulation({ latencyMs: () => 1, exec: keepers.exec, plainImages: ['app:1'] });
  open.push(sim);
  for (const image of ['app:1', 'keeper:1']) sim.engine.state.images.add(image);
  for (const network of ['bridge', 'none'])
    sim.engine.state.networks.set(network, { id: `net-${network}`, labels: {} });
  sim.specs.setCaches([cache(gc)]);
  sim.specs.set('alice', { image: 'app:1', cache: 'team', packages: ['hello'] });
  sim.specs.set('bob', { image: 'app:1', cache: 'team', packages: ['tool'] });
  sim.start();
  await sim.settle();
  const store = keepers.store(VOLUME);
  for (const path of [DEAD, USED]) store.environments.add(path);
  store.used.add(USED);
  return Object.assign(sim, { keepers, store });
}

const keyOf = (...packages: string[]) => environmentRequest(CONFIG.nixpkgs, packages).key;
const inUse = ({ store }: World) =>
  [...store.profiles.values(), ...store.used].every((path) => store.environments.has(path));
const helpers = ({ engine }: World) =>
  [...engine.state.containers.values()].map(({ name }) => name).filter((name) => /scanner|probe/.test(name));

function collect(sim: World): GcNews[] {
  const news: GcNews[] = [];
  void sim
    .controller()
    .collect('team', { dryRun: false }, (one) => void news.push(one))
    .catch(() => undefined);
  return news;
}

describe('a collection', () => {
  it('takes what is dead alone', async () => {
    const sim = await started();
    const news = collect(sim);
    await sim.settle();
    expect(news.at(-1)).toMatchObject({
      type: 'run',
      run: { result: 'success', failure: null, freedPaths: 1, roots: { profile: 2, process: 1 } },
    });
    expect([sim.store.environments.has(DEAD), inUse(sim), helpers(sim)]).toEqual([false, true, []]);
  });

  it(
    'with the controller killed or its calls failed at every one of them loses nothing, and the next one is normal',
    async () => {
      const play = async ({ fault, k }: CrashPoint) => {
        const sim = await started();
        const before = sim.engine.calls.length;
        sim.setFault(({ number }) => (number - before === k ? fault : 'none'));
        collect(sim);
        await sim.settle();
        const calls = sim.engine.calls.slice(before);
        sim.setFault(() => 'none');
        const kept = inUse(sim);
        // The container that a dead connection left standing still ends by itself.
        await sim.clock.run(30_000);
        const news = collect(sim);
        await sim.settle();
        return { sim, calls, kept, news };
      };
      const { calls } = await play({ fault: 'none', k: 0 });
      expect(calls.length).toBeGreaterThan(11);
      for (const point of crashPointsOf(calls)) {
        const { sim, kept, news } = await play(point);
        const seen = {
          ...point,
          kept,
          keptAfterwards: inUse(sim),
          dead: sim.store.environments.has(DEAD),
          helpers: helpers(sim),
          profiles: ['alice', 'bob'].map((name) => keyIn(sim.store, name)),
          faults: sim.faults,
          last: news.at(-1)?.type === 'run' ? (news.at(-1) as { run: { result: string } }).run.result : news.at(-1),
        };
        expect(seen).toEqual({
          ...point,
          kept: true,
          keptAfterwards: true,
          dead: false,
          helpers: [],
          profiles: [keyOf('hello'), keyOf('tool')],
          faults: [],
          last: 'success',
        });
        open.splice(0).forEach((one) => one.dispose());
      }
    },
    LIMIT_MS,
  );

  it('runs by its schedule, and not while it is suspended', async () => {
    const hour = 3_600_000;
    const sim = await started({ schedule: '0 * * * *' });
    await sim.clock.run(3 * hour);
    expect(sim.store.collections).toBe(3);
    sim.specs.setCaches([cache({ schedule: '0 * * * *', suspend: true })]);
    await sim.clock.run(3 * hour);
    expect(sim.store.collections).toBe(3);
  });

  it('is made up for once, whatever passed while no controller lived, and not again for the next one', async () => {
    const minute = 60_000;
    const sim = await started({ schedule: '* * * * *' });
    await sim.clock.run(minute - (sim.clock.now() % minute) + 20_000);
    const before = sim.store.collections;
    sim.setFault(() => 'crash-before');
    sim.crash();
    await sim.clock.run(3 * minute);
    expect([sim.store.collections, sim.crashes() > 3]).toEqual([before, true]);
    sim.setFault(() => 'none');
    await sim.clock.run(15_000);
    expect(sim.store.collections).toBe(before + 1);
    sim.crash();
    await sim.clock.run(15_000);
    expect(sim.store.collections).toBe(before + 1);
  });

  it('holds up realisations, and no start on packages that are there', async () => {
    const sim = await started();
    const news = collect(sim);
    for (
      let turn = 0;
      turn < 1_000 && !news.some((one) => one.type === 'progress' && one.message.includes('running processes'));
      turn += 1
    )
      await sim.clock.run(5);
    sim.specs.set('carol', { image: 'app:1', cache: 'team', packages: ['fresh'] });
    sim.specs.set('dave', { image: 'app:1', cache: 'team', packages: ['hello'] });
    await sim.settle();
    expect(news.at(-1)).toMatchObject({ type: 'run', run: { result: 'success' } });
    expect(['carol', 'dave'].map((name) => sim.status().get(name)?.phase)).toEqual(['Ready', 'Ready']);
    expect(inUse(sim)).toBe(true);
  });
});
