import { afterEach, describe, expect, it } from '@jest/globals';
import type { DesiredCache } from '../../controller/model/desired.js';
import type { VerifyNews, VerifyStatus } from '../../controller/model/verify-status.js';
import { LIMIT_MS } from '../support/cases.js';
import { createSimulation, type Simulation } from '../support/sim/controller.js';
import { crashPointsOf, type CrashPoint } from '../support/sim/crash-points.js';
import { createSimKeepers, type SimStore } from '../support/sim/keeper.js';
import { CONFIG } from '../unit/nix/samples.js';

const HOUR = 3_600_000;
const pathOf = (digit: string) => `/nix/store/${digit.repeat(32)}-kalpana-env-${digit.repeat(32)}`;
const PATHS = ['1', '2', '3', '4', '5', '6', '7', '8', '9'].map(pathOf);
const BAD = pathOf('5');
const open: Simulation[] = [];
afterEach(() => open.splice(0).forEach((sim) => sim.dispose()));

interface World extends Simulation {
  readonly store: SimStore;
  /** As the cache was last reported. */
  verification(): VerifyStatus | null;
}

function cache(verify: Partial<DesiredCache['config']['verify']> = {}): DesiredCache {
  const config = { ...CONFIG, image: 'keeper:1', gc: { ...CONFIG.gc, suspend: true } };
  return {
    name: 'team',
    location: { source: 's', file: 'c.json', line: 1, column: 1 },
    config: { ...config, verify: { ...CONFIG.verify, ...verify } },
    problem: null,
  };
}

/** A cache whose store has ten paths, one of which is damaged. */
async function started(verify: Partial<DesiredCache['config']['verify']> = {}): Promise<World> {
  const keepers = createSimKeepers();
  let last: VerifyStatus | null = null;
  const sim = createSimulation({
    latencyMs: () => 1,
    exec: keepers.exec,
    plainImages: ['app:1'],
    listener: {
      cacheEvent(event) {
        if (event.type === 'reported') last = event.report.verify;
      },
    },
  });
  open.push(sim);
  for (const image of ['app:1', 'keeper:1']) sim.engine.state.images.add(image);
  for (const network of ['bridge', 'none'])
    sim.engine.state.networks.set(network, { id: `net-${network}`, labels: {} });
  sim.specs.setCaches([cache(verify)]);
  sim.specs.set('alice', { image: 'app:1', cache: 'team', packages: ['hello'] });
  sim.start();
  await sim.settle();
  const store = keepers.store('kalpana-nix-store-team');
  for (const path of PATHS) store.environments.add(path);
  store.damaged.add(BAD);
  return Object.assign(sim, { store, verification: () => last });
}

function verify(sim: World, repair: boolean): VerifyNews[] {
  const news: VerifyNews[] = [];
  void sim
    .controller()
    .verify('team', { repair }, (one) => void news.push(one))
    .catch(() => undefined);
  return news;
}

describe('a verification', () => {
  it('reads a share at each of its times, over restarts too, and keeps telling what it found', async () => {
    const sim = await started({ schedule: '0 * * * *', share: 20 });
    // Ten paths, two at a time, from the first; the damaged one is in the third share.
    await sim.clock.run(2 * HOUR);
    expect([sim.store.verified, sim.verification()?.damaged.count]).toEqual([[2, 2], 0]);
    sim.crash();
    await sim.clock.run(HOUR);
    expect([sim.store.verified, sim.verification()?.damaged.first]).toEqual([[2, 2, 2], [BAD]]);
    sim.crash();
    await sim.clock.run(2 * HOUR);
    expect([sim.store.verified, sim.verification()?.damaged.first]).toEqual([[2, 2, 2, 2, 2], [BAD]]);
    sim.store.damaged.delete(BAD);
    await sim.clock.run(HOUR);
    expect([sim.store.verified.length, sim.verification()?.damaged.count]).toEqual([6, 0]);
  });

  it(
    'with the controller killed or its calls failed at every one of them hides no damage, and the next one is normal',
    async () => {
      const play = async ({ fault, k }: CrashPoint) => {
        const sim = await started();
        verify(sim, false);
        await sim.settle();
        const before = sim.engine.calls.length;
        sim.setFault(({ number }) => (number - before === k ? fault : 'none'));
        verify(sim, true);
        await sim.settle();
        const calls = sim.engine.calls.slice(before);
        sim.setFault(() => 'none');
        const hidden = sim.store.damaged.has(BAD) && sim.verification()?.damaged.count === 0;
        const news = verify(sim, true);
        await sim.settle();
        return { sim, calls, hidden, news };
      };
      const { calls } = await play({ fault: 'none', k: 0 });
      expect(calls.length).toBeGreaterThan(0);
      for (const point of crashPointsOf(calls)) {
        const { sim, hidden, news } = await play(point);
        const last = news.at(-1);
        const seen = {
          ...point,
          hidden,
          damaged: [sim.store.damaged.size, sim.verification()?.damaged.count],
          underWay: sim.verification()?.underWay,
          faults: sim.faults,
          last: last?.type === 'run' ? last.run.result : last,
        };
        const expected = { hidden: false, damaged: [0, 0], underWay: null, faults: [], last: 'intact' };
        expect(seen).toEqual({ ...point, ...expected });
        open.splice(0).forEach((one) => one.dispose());
      }
    },
    LIMIT_MS,
  );

  it('ends for a collection, which does not wait, and goes on afterwards', async () => {
    const sim = await started();
    const news = verify(sim, false);
    await sim.clock.run(100);
    const collected: string[] = [];
    void sim
      .controller()
      .collect('team', { dryRun: false }, (one) => void collected.push(one.type))
      .catch(() => undefined);
    await sim.clock.run(100);
    expect(news.at(-1)).toMatchObject({ run: { result: 'aborted', failure: { reason: 'VerifyEnded' } } });
    expect(verify(sim, false)).toEqual([expect.objectContaining({ type: 'refused' })]);
    await sim.settle();
    expect(collected.at(-1)).toBe('run');
    const again = verify(sim, false);
    await sim.settle();
    expect(again.at(-1)).toMatchObject({ type: 'run', run: { failure: null } });
  });
});
