import { describe, expect, it } from '@jest/globals';
import { createAfterwards } from '../../../controller/apply/afterwards.js';
import { createExecutor } from '../../../controller/apply/executor.js';
import { createImagePuller } from '../../../controller/apply/image-puller.js';
import { LABEL, containerName } from '../../../controller/model/names.js';
import type { WorkspaceSpec } from '../../../controller/model/workspace.generated.js';
import { createEngineView } from '../../../controller/observe/engine-view.js';
import { containerDefinition, dataVolumeLabels } from '../../../controller/plan/definition.js';
import { sharedVolumeLabels } from '../../../controller/model/shared-volume.js';
import { rememberObserved } from '../../../controller/plan/memory.js';
import { renderPlan } from '../../../controller/plan/render.js';
import { NO_MEMORY, type Plan, type WorkspaceMemory } from '../../../controller/plan/types.js';
import { planWorkspace } from '../../../controller/plan/workspace.js';
import { createFakeEngine, type FakeEngine } from '../../support/engine/fake-engine.js';
import { createSimClock, type SimClock } from '../../support/sim/clock.js';
import { alice, INSTANCE } from './samples.js';
import { noCaches } from '../../support/sim/no-caches.js';

const CASES: readonly (readonly [
  string,
  Partial<WorkspaceSpec> | null,
  Partial<WorkspaceSpec>,
  ((engine: FakeEngine) => void)?,
])[] = [
  ['from nothing', null, {}],
  ['a new image', {}, { image: 'app:2' }],
  ['a new image to be pulled always', {}, { image: 'app:2', imagePullPolicy: 'Always' }],
  ['new limits', {}, { resources: { cpus: 1, memory: '1Gi', pids: 9 } }],
  ['no limits any more', { resources: { cpus: 1, memory: '1Gi', pids: 9 } }, {}],
  ['a new restart policy', {}, { restartPolicy: 'on-failure' }],
  ['a stop', {}, { state: 'Stopped' }],
  ['a start', { state: 'Stopped' }, {}],
  ['killed', {}, {}, ({ hands }) => hands.kill('workspace-alice')],
  ['paused', {}, {}, ({ hands }) => hands.pause('workspace-alice')],
  ['renamed', {}, {}, ({ hands }) => hands.rename('workspace-alice', 'mine')],
  ['disconnected', {}, {}, ({ hands }) => hands.disconnect('workspace-alice')],
  ['updated', {}, {}, ({ hands }) => hands.update('workspace-alice', { nanoCpus: 0, memoryBytes: 9e6, pids: 1 }, 'no')],
  ['the network made anew', {}, {}, ({ hands }) => hands.renewNetwork()],
];

interface Bench {
  readonly clock: SimClock;
  readonly engine: FakeEngine;
  plan(spec: Partial<WorkspaceSpec>): Promise<Plan>;
  apply(plan: Plan): Promise<string>;
}

function createBench(): Bench {
  const clock = createSimClock();
  const engine = createFakeEngine({ clock });
  for (const image of ['app:1', 'app:2']) engine.state.images.add(image);
  engine.state.registry.add('app:2');
  engine.hands.createVolume('kalpana-nix-store', sharedVolumeLabels('nix-cache'));
  engine.state.networks.set('kalpana-workspaces', { id: 'net-1', labels: { [LABEL.managed]: 'true' } });
  const docker = engine.connect().port;
  const view = createEngineView(docker);
  const execute = createExecutor({
    afterwards: createAfterwards(),
    docker,
    images: createImagePuller(docker),
    caches: noCaches,
    clock,
    onResult: () => {},
    onVolume: () => {},
    onPullProgress: () => {},
  });
  let memory: WorkspaceMemory = NO_MEMORY;

  /** The engine takes virtual time over a stop or a removal. */
  async function timed<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const watched = work.finally(() => (isDone = true));
    await clock.runUntil(() => isDone, 60_000);
    return watched;
  }

  return {
    clock,
    engine,
    async plan(spec) {
      await timed(view.relist(true, {}));
      const containers = view.containersOf('alice');
      memory = rememberObserved(memory, 'alice', containers, clock.now());
      const observed = {
        containers,
        volumes: view.volumes,
        networks: view.networks,
        imagePresent: null,
        storageDamaged: false,
        takenPorts: [],
        cache: null,
      };
      return planWorkspace({ instance: INSTANCE, desired: alice(spec), observed, memory, now: clock.now() });
    },
    apply: async (plan) => (await timed(execute('alice', plan.operations, {}))).outcome,
  };
}

function plant({ engine }: Bench, spec: Partial<WorkspaceSpec>): void {
  engine.hands.createVolume('kalpana-workspace-alice', dataVolumeLabels(alice(), INSTANCE));
  engine.hands.run(containerName('alice'), containerDefinition(alice(spec), INSTANCE, [], null));
  if (spec.state === 'Stopped') engine.hands.stop(containerName('alice'));
}

describe('a plan that was carried out is followed by an empty one (law 7)', () => {
  it.each(CASES.map(([title, before, after, byHand]) => ({ title, before, after, byHand })))(
    '$title',
    async ({ before, after, byHand }) => {
      const bench = createBench();
      if (before !== null) plant(bench, before);
      byHand?.(bench.engine);
      const plan = await bench.plan(after);
      expect(plan.operations).not.toEqual([]);
      if ((await bench.apply(plan)) === 'awaiting') {
        await bench.plan(after);
        await bench.clock.run(3_000);
        expect(await bench.apply(await bench.plan(after))).toBe('done');
      }
      const second = await bench.plan(after);
      expect(`${renderPlan(second.operations)}${second.verdict.kind}`).toBe(
        after.state === 'Stopped' ? 'stopped' : 'ready',
      );
    },
  );
});
