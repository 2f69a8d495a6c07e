import { afterEach, describe, expect, it } from '@jest/globals';
import { LABEL } from '../../controller/model/names.js';
import { conditionOf } from '../../controller/status/conditions.js';
import type { EngineCall } from '../support/engine/fake-engine.js';
import { runningNames } from '../support/engine/fake-engine-hands.js';
import { createSimulation, SIM_RESYNC_MS, type Simulation, type SimulationOptions } from '../support/sim/controller.js';
import { READS } from '../support/sim/invariants.js';
import { deviations, worldOf } from '../support/sim/world.js';

const open: Simulation[] = [];
afterEach(() => {
  for (const sim of open.splice(0)) {
    expect([sim.violations, sim.faults]).toEqual([[], []]);
    sim.dispose();
  }
});

async function simulation(names: readonly string[], options: SimulationOptions = {}): Promise<Simulation> {
  const images = ['app:1', 'app:2', 'crash:1', 'nostart:1', 'stubborn:1'];
  const sim = createSimulation({ latencyMs: () => 1, plainImages: images, ...options });
  open.push(sim);
  for (const image of images) sim.engine.state.images.add(image);
  for (const name of names) sim.specs.set(name, { image: 'app:1' });
  sim.start();
  await sim.settle();
  return sim;
}

function changesOf(calls: readonly EngineCall[]): string[] {
  return calls.filter(({ verb }) => !READS.has(verb)).map(({ verb, args }) => `${verb} ${String(args[0])}`);
}

function reasonOf(sim: Simulation, name: string): string | undefined {
  const status = sim.status().get(name);
  return (status && conditionOf(status, 'Ready')?.reason) ?? undefined;
}

describe('when there is nothing to do', () => {
  it('a resync is one list a kind, a deep one inspects each once, and nothing is changed', async () => {
    const sim = await simulation(['alice', 'bob', 'carol']);
    const resyncs: string[] = [];
    for (let at = 0; at < 20; at += 1) {
      const before = sim.engine.calls.length;
      await sim.clock.run(SIM_RESYNC_MS);
      resyncs.push(
        sim.engine.calls
          .slice(before)
          .map(({ verb }) => verb)
          .sort()
          .join(' '),
      );
    }
    const plain = 'listContainers listNetworks listVolumes';
    expect(resyncs.filter((calls) => calls === plain)).toHaveLength(18);
    const deep = resyncs.filter((calls) => calls !== plain);
    expect(deep).toEqual(
      Array(2).fill(`inspectContainer inspectContainer inspectContainer ${plain} statPath statPath statPath`),
    );
  });
});

describe('what was done by hand is undone by its event, and by a resync when the event is lost', () => {
  const WORK: readonly (readonly [string, (sim: Simulation) => void])[] = [
    ['kill', ({ engine }) => engine.hands.kill('workspace-alice')],
    ['stop', ({ engine }) => engine.hands.stop('workspace-alice')],
    ['pause', ({ engine }) => engine.hands.pause('workspace-alice')],
    ['rename', ({ engine }) => engine.hands.rename('workspace-alice', 'mine')],
    ['remove', ({ engine }) => engine.hands.remove('workspace-alice')],
    ['disconnect', ({ engine }) => engine.hands.disconnect('workspace-alice')],
    ['renew the network', ({ engine }) => engine.hands.renewNetwork()],
  ];
  const limits = { nanoCpus: 0, memoryBytes: 9e6, pids: 1 };
  const update = ['update', ({ engine }: Simulation) => engine.hands.update('workspace-alice', limits, 'no')] as const;

  /** It hears no event while it is deaf; `missed` are the workspaces of which it tells so. */
  async function hearingSimulation() {
    const hearing = { deaf: false };
    const missed: string[] = [];
    const sim = await simulation(['alice'], {
      isEventLost: () => hearing.deaf,
      listener: { missedEvent: (name) => void missed.push(name) },
    });
    return { sim, hearing, missed };
  }

  it.each(
    [...WORK, update].flatMap(([title, work]) => [
      { title, work, lost: false },
      { title, work, lost: true },
    ]),
  )('$title, event lost: $lost', async ({ title, work, lost }) => {
    const { sim, hearing, missed } = await hearingSimulation();
    hearing.deaf = lost;
    work(sim);
    const isMended = () => deviations(sim.engine.state, sim.specs.get('alice')!).length === 0;
    // Limits show in an inspect alone.
    const within = !lost ? 1_000 : title === 'update' ? 11 * SIM_RESYNC_MS : SIM_RESYNC_MS + 1_000;
    expect(isMended()).toBe(false);
    expect(await sim.clock.runUntil(isMended, within)).toBe(true);
    expect(runningNames(sim.engine)).toEqual(['workspace-alice']);
    expect(missed).toEqual(lost ? ['alice'] : []);
  });

  it('a removal that a resync saw half done, without an event, counts as missed', async () => {
    const { sim, hearing, missed } = await hearingSimulation();
    hearing.deaf = true;
    const [container] = sim.engine.state.containers.values();
    container!.state = 'removing';
    await sim.clock.run(SIM_RESYNC_MS + 5);
    container!.state = 'running';
    sim.engine.hands.remove('workspace-alice');
    await sim.settle();
    await sim.clock.run(SIM_RESYNC_MS);
    expect([runningNames(sim.engine), missed]).toEqual([['workspace-alice'], ['alice']]);
  });
});

describe('law 2: unknown is not absent', () => {
  it('an unreadable source deletes nothing, also after a restart that lost the last good specs', async () => {
    const sim = await simulation(['alice', 'bob', 'carol']);
    sim.specs.setReadable(false);
    sim.specs.remove('alice');
    await sim.clock.run(60_000);
    sim.specs.loseMemory();
    sim.crash();
    await sim.clock.run(60_000);
    expect(runningNames(sim.engine)).toEqual(['workspace-alice', 'workspace-bob', 'workspace-carol']);
    sim.specs.setReadable(true);
    await sim.settle();
    expect(runningNames(sim.engine)).toEqual(['workspace-bob', 'workspace-carol']);
  });

  it('a volume of an orphan stays whatever its label says: nobody knows the last good spec', async () => {
    const sim = await simulation(['bob', 'carol']);
    sim.specs.set('alice', { image: 'app:1', storage: { reclaimPolicy: 'Delete' } });
    await sim.settle();
    sim.crash();
    sim.specs.remove('alice');
    sim.specs.loseMemory();
    await sim.settle();
    expect(worldOf(sim.engine.state)).not.toMatch(/container workspace-alice/);
    expect(sim.engine.state.volumes.has('kalpana-workspace-alice')).toBe(true);
  });
});

describe('law 4: held deletions', () => {
  it('wait for the confirmation of each, and new workspaces do not release them', async () => {
    const sim = await simulation(['alice', 'bob']);
    for (const name of ['alice', 'bob']) sim.specs.remove(name);
    for (const name of ['carol', 'dave']) sim.specs.set(name, { image: 'app:1' });
    await sim.clock.run(120_000);
    expect(runningNames(sim.engine)).toEqual(['workspace-alice', 'workspace-bob', 'workspace-carol', 'workspace-dave']);
    expect(sim.status().held()).toEqual(['alice', 'bob']);
    expect(sim.controller().approve(['alice'])).toEqual(['alice']);
    await sim.clock.run(120_000);
    expect(runningNames(sim.engine)).toEqual(['workspace-bob', 'workspace-carol', 'workspace-dave']);
    sim.specs.set('bob', { image: 'app:1' });
    await sim.clock.run(60_000);
    expect(sim.status().held()).toEqual([]);
  });

  it('a spec that comes back while its container is being stopped keeps its data', async () => {
    const sim = await simulation(['bob', 'carol']);
    const spec = { image: 'stubborn:1', storage: { reclaimPolicy: 'Delete' } } as const;
    sim.specs.set('alice', spec);
    await sim.settle();
    sim.specs.remove('alice');
    await sim.clock.run(5_000);
    sim.specs.set('alice', spec);
    await sim.settle();
    expect(changesOf(sim.engine.calls).filter((call) => call.startsWith('remove'))).toEqual([]);
    expect(runningNames(sim.engine)).toContain('workspace-alice');
  });
});

describe('law 6: the old container comes back', () => {
  it.each([
    [
      'whose port a process has',
      (sim: Simulation) => void sim.engine.state.portsOfHost.add(8080),
      { image: 'app:2', ports: [{ containerPort: 80, hostPort: 8080 }] },
      'ReplacementFailed',
    ],
    ['that cannot start', () => {}, { image: 'nostart:1' }, 'StartFailed'],
    ['that ends at once', () => {}, { image: 'crash:1' }, 'ReplacementFailed'],
  ] as const)('from a replacement %s, and nothing is tried again', async (_what, prepare, spec, reason) => {
    const sim = await simulation(['alice']);
    prepare(sim);
    sim.specs.set('alice', { ...spec, ...('ports' in spec ? { ports: [...spec.ports] } : {}) } as never);
    await sim.settle();
    expect([runningNames(sim.engine), reasonOf(sim, 'alice')]).toEqual([['workspace-alice'], reason]);
    expect(worldOf(sim.engine.state)).toMatch(/^container workspace-alice running app:1/m);
    const before = sim.engine.calls.length;
    await sim.clock.run(3_600_000);
    expect(changesOf(sim.engine.calls.slice(before))).toEqual([]);
    sim.specs.set('alice', { image: 'app:2' });
    await sim.settle();
    expect(worldOf(sim.engine.state)).toMatch(/^container workspace-alice running app:2/m);
  });

  it('and goes on while the new image cannot be pulled', async () => {
    const sim = await simulation(['alice']);
    sim.specs.set('alice', { image: 'absent:1', restartPolicy: 'no' });
    await sim.clock.run(10_000);
    sim.engine.hands.kill('workspace-alice');
    await sim.clock.run(600_000);
    expect([runningNames(sim.engine), reasonOf(sim, 'alice')]).toEqual([['workspace-alice'], 'ImagePullFailed']);
    sim.engine.state.images.add('absent:1');
    await sim.clock.run(600_000);
    expect(worldOf(sim.engine.state)).toMatch(/^container workspace-alice running absent:1/m);
  });

  it('an image that is never pulled is used once somebody loads it, although the event is lost', async () => {
    const sim = await simulation([]);
    sim.specs.set('alice', { image: 'absent:1', imagePullPolicy: 'Never' });
    await sim.clock.run(120_000);
    expect(reasonOf(sim, 'alice')).toBe('ImageMissing');
    sim.engine.state.images.add('absent:1');
    await sim.clock.run(60_000);
    expect(reasonOf(sim, 'alice')).toBe('Ready');
  });

  it('old and new never run side by side for long, although the engine starts both after its own restart', async () => {
    const sim = await simulation([]);
    const spec = {
      image: 'app:1',
      restartPolicy: 'always',
      healthcheck: { test: ['CMD', 'true'], interval: '20s' },
    } as const;
    const specOf = (image: string) => ({ ...spec, image, healthcheck: { ...spec.healthcheck, test: ['CMD', 'true'] } });
    sim.specs.set('alice', specOf('app:1'));
    await sim.settle(600_000, 30_000);
    sim.specs.set('alice', specOf('app:2'));
    await sim.clock.run(5_000);
    sim.engine.shutDown();
    await sim.clock.run(500);
    sim.engine.comeBack();
    expect(runningNames(sim.engine)).toHaveLength(2);
    await sim.clock.run(6_000);
    expect(runningNames(sim.engine)).toHaveLength(1);
    await sim.settle(600_000, 30_000);
    expect(worldOf(sim.engine.state)).toMatch(/^container workspace-alice running app:2/m);
  });
});

describe('law 8', () => {
  it('one change at a time per workspace, and no more workspaces at once than there are workers', async () => {
    const active = new Map<string, number>();
    let most = 0;
    const names = Array.from({ length: 30 }, (_, at) => `w${at}`);
    const overlaps: string[] = [];
    const sim = await simulation([], { concurrency: 4, latencyMs: () => 7 });
    const watch = ({ verb, args }: EngineCall): 'none' => {
      const name = READS.has(verb) ? undefined : /^workspace-(w\d+)/.exec(String(args[0]))?.[1];
      if (name === undefined) return 'none';
      if (active.has(name)) overlaps.push(name);
      active.set(name, sim.clock.now());
      sim.clock.after(13, () => active.delete(name));
      most = Math.max(most, active.size);
      return 'none';
    };
    sim.setFault(watch);
    for (const name of names) sim.specs.set(name, { image: 'app:1' });
    sim.engine.cutEvents();
    for (const name of names) sim.specs.set(name, { image: 'app:1', resources: { pids: 9 } });
    await sim.settle();
    expect([overlaps, most]).toEqual([[], 4]);
    expect(runningNames(sim.engine)).toHaveLength(30);
  });

  it('a pull that fails is tried again less and less often, and at once when the spec changes', async () => {
    const sim = await simulation([]);
    const pulls = () => sim.engine.calls.filter(({ verb }) => verb === 'pullImage').length;
    sim.specs.set('alice', { image: 'absent:1' });
    await sim.clock.run(60_000);
    const soon = pulls();
    await sim.clock.run(3_600_000);
    expect([soon >= 5, pulls() - soon >= 10, pulls() - soon <= 60]).toEqual([true, true, true]);
    const before = pulls();
    sim.engine.state.registry.add('there:1');
    sim.specs.set('alice', { image: 'there:1' });
    await sim.clock.run(1_000);
    expect([pulls() - before, reasonOf(sim, 'alice')]).toEqual([1, 'Ready']);
  });

  it('one pull serves all who want the image', async () => {
    const sim = await simulation([]);
    sim.engine.state.registry.add('far:1');
    for (let at = 0; at < 12; at += 1) sim.specs.set(`w${at}`, { image: 'far:1' });
    await sim.settle();
    expect(runningNames(sim.engine)).toHaveLength(12);
    expect(sim.engine.calls.filter(({ verb }) => verb === 'pullImage')).toHaveLength(1);
  });
});

describe('what is not ours', () => {
  it('is reported and never touched, and the workspace goes on when it is gone', async () => {
    const sim = await simulation(['bob']);
    sim.engine.hands.createVolume('kalpana-workspace-alice', {
      [LABEL.managed]: 'true',
      [LABEL.workspace]: 'alice',
      [LABEL.controller]: 'other',
    });
    sim.specs.set('alice', { image: 'app:1' });
    await sim.settle();
    expect([runningNames(sim.engine), reasonOf(sim, 'alice')]).toEqual([['workspace-bob'], 'VolumeConflict']);
    sim.engine.hands.removeVolume('kalpana-workspace-alice');
    await sim.clock.run(2 * SIM_RESYNC_MS);
    expect([runningNames(sim.engine), reasonOf(sim, 'alice')]).toEqual([['workspace-alice', 'workspace-bob'], 'Ready']);
  });

  it('a damaged data volume is reported, never deleted, and used again when it is mended', async () => {
    const sim = await simulation(['alice']);
    sim.engine.hands.damageVolume('kalpana-workspace-alice');
    sim.engine.hands.kill('workspace-alice');
    await sim.settle();
    expect([runningNames(sim.engine), reasonOf(sim, 'alice')]).toEqual([[], 'DataVolumeDamaged']);
    sim.engine.hands.repairVolume('kalpana-workspace-alice');
    await sim.clock.run(600_000);
    expect([runningNames(sim.engine), reasonOf(sim, 'alice')]).toEqual([['workspace-alice'], 'Ready']);
    expect(changesOf(sim.engine.calls).filter((call) => call.startsWith('remove'))).toEqual([]);
  });
});
