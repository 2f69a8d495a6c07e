import { afterEach, describe, expect, it } from '@jest/globals';
import { LABEL, containerName, dataVolumeName } from '../../controller/model/names.js';
import { containerDefinition } from '../../controller/plan/definition.js';
import { LIMIT_MS } from '../support/cases.js';
import type { EngineCall, Fault } from '../support/engine/fake-engine.js';
import { createSimulation, SIM_INSTANCE, type Simulation } from '../support/sim/controller.js';
import { crashPointsOf } from '../support/sim/crash-points.js';
import { desiredWorkspace } from '../support/sim/specs.js';
import { worldOf } from '../support/sim/world.js';

interface Scenario {
  readonly title: string;
  /** Before the controller is looked at: it may run and settle. */
  readonly given?: (sim: Simulation) => Promise<void> | void;
  readonly when: (sim: Simulation) => void;
  /** Lines of the world at the end. */
  readonly then: readonly RegExp[];
}

const HEALTHCHECK = { test: ['CMD', 'true'], interval: '1s' };

async function settled(sim: Simulation): Promise<void> {
  sim.start();
  await sim.settle();
}

const SCENARIOS: readonly Scenario[] = [
  {
    title: 'cold start',
    when: (sim) => sim.specs.set('alice', { image: 'app:1', sharedVolumes: [{ name: 'tools', mountPath: '/tools' }] }),
    then: [
      /^container workspace-alice running app:1/m,
      /^volume kalpana-workspace-alice workspace-data default/m,
      /^volume kalpana-tools shared-volume/m,
      /^network kalpana-workspaces/m,
    ],
  },
  {
    title: 'pull then create',
    given: (sim) => void sim.engine.state.registry.add('far:1'),
    when: (sim) => sim.specs.set('alice', { image: 'far:1' }),
    then: [/^container workspace-alice running far:1/m],
  },
  {
    title: 'replacement',
    given: (sim) => (sim.specs.set('alice', { image: 'app:1' }), settled(sim)),
    when: (sim) => sim.specs.set('alice', { image: 'app:2' }),
    then: [/^container workspace-alice running app:2/m],
  },
  {
    title: 'replacement with a health check',
    given: (sim) => (sim.specs.set('alice', { image: 'app:1', healthcheck: HEALTHCHECK }), settled(sim)),
    when: (sim) => sim.specs.set('alice', { image: 'app:2', healthcheck: HEALTHCHECK }),
    then: [/^container workspace-alice running app:2/m],
  },
  {
    title: 'replacement that crashes, with roll-back',
    given: (sim) => (sim.specs.set('alice', { image: 'app:1' }), settled(sim)),
    when: (sim) => sim.specs.set('alice', { image: 'crash:1', restartPolicy: 'no' }),
    then: [/^container workspace-alice running app:1/m],
  },
  {
    title: 'replacement that the engine restarts again and again, with roll-back',
    given: (sim) => (sim.specs.set('alice', { image: 'app:1' }), settled(sim)),
    when: (sim) => sim.specs.set('alice', { image: 'crash:1' }),
    then: [/^container workspace-alice running app:1/m],
  },
  {
    title: 'replacement that cannot start, with roll-back',
    given: (sim) => (sim.specs.set('alice', { image: 'app:1' }), settled(sim)),
    when: (sim) => sim.specs.set('alice', { image: 'nostart:1' }),
    then: [/^container workspace-alice running app:1/m],
  },
  {
    title: 'replacement that is never healthy, with roll-back',
    given: (sim) => (sim.specs.set('alice', { image: 'app:1', healthcheck: HEALTHCHECK }), settled(sim)),
    when: (sim) => sim.specs.set('alice', { image: 'sick:1', healthcheck: HEALTHCHECK }),
    then: [/^container workspace-alice running app:1/m],
  },
  {
    title: 'removal with Retain',
    given: (sim) => (
      sim.specs.set('alice', { image: 'app:1' }),
      sim.specs.set('bob', { image: 'app:1' }),
      settled(sim)
    ),
    when: (sim) => sim.specs.remove('alice'),
    then: [
      /^(?!.*container workspace-alice)/s,
      /^volume kalpana-workspace-alice/m,
      /^container workspace-bob running/m,
    ],
  },
  {
    title: 'removal with Delete',
    given: (sim) => (
      sim.specs.set('alice', { image: 'app:1', storage: { reclaimPolicy: 'Delete' } }),
      sim.specs.set('bob', { image: 'app:1' }),
      settled(sim)
    ),
    when: (sim) => sim.specs.remove('alice'),
    then: [/^(?!.*workspace-alice)/s, /^container workspace-bob running/m],
  },
  {
    title: 'rename by hand',
    given: (sim) => (sim.specs.set('alice', { image: 'app:1' }), settled(sim)),
    when: (sim) => sim.engine.hands.rename('workspace-alice', 'mine'),
    then: [/^container workspace-alice running app:1/m],
  },
  {
    title: 'removed by hand',
    given: (sim) => (sim.specs.set('alice', { image: 'app:1' }), settled(sim)),
    when: (sim) => sim.engine.hands.remove('workspace-alice'),
    then: [/^container workspace-alice running app:1/m],
  },
  {
    title: 'stop',
    given: (sim) => (sim.specs.set('alice', { image: 'app:1' }), settled(sim)),
    when: (sim) => sim.specs.set('alice', { image: 'app:1', state: 'Stopped' }),
    then: [/^container workspace-alice exited app:1/m],
  },
  {
    title: 'start again, with another limit',
    given: (sim) => (sim.specs.set('alice', { image: 'app:1', state: 'Stopped' }), settled(sim)),
    when: (sim) => sim.specs.set('alice', { image: 'app:1', resources: { pids: 64 } }),
    then: [/^container workspace-alice running app:1 .* 0\/0\/64\//m],
  },
  {
    title: 'change in place',
    given: (sim) => (sim.specs.set('alice', { image: 'app:1' }), settled(sim)),
    when: (sim) =>
      sim.specs.set('alice', { image: 'app:1', resources: { memory: '1Gi' }, restartPolicy: 'on-failure' }),
    then: [/^container workspace-alice running app:1 .* 0\/1073741824\/0\/on-failure/m],
  },
  {
    title: 'network made anew by hand',
    given: (sim) => (sim.specs.set('alice', { image: 'app:1' }), settled(sim)),
    when: (sim) => sim.engine.hands.renewNetwork(),
    then: [/^container workspace-alice running app:1/m, /^network kalpana-workspaces/m],
  },
  {
    title: 'adoption of the replaced system',
    given: plantLegacy,
    when: (sim) => sim.specs.set('alice', { image: 'app:1' }),
    then: [/^container workspace-alice running app:1 v2:/m, /^volume kalpana-workspace-alice - -/m],
  },
];

/** As the replaced system left it: no `kalpana.controller`, no spec, the cache at the wrong place. */
function plantLegacy({ engine }: Simulation): void {
  const labels = { [LABEL.managed]: 'true', [LABEL.workspace]: 'alice' };
  engine.hands.createVolume(dataVolumeName('alice'), labels);
  const definition = containerDefinition(
    desiredWorkspace('alice', { image: 'app:1', cache: false }),
    SIM_INSTANCE,
    [],
    null,
  );
  engine.hands.run(containerName('alice'), { ...definition, labels, network: 'bridge' });
}

const open: Simulation[] = [];
afterEach(() => open.splice(0).forEach((sim) => sim.dispose()));

interface Played {
  readonly sim: Simulation;
  /** Since the scenario's change. */
  readonly calls: readonly EngineCall[];
}

async function play(scenario: Scenario, fault: (call: number) => Fault): Promise<Played> {
  const sim = createSimulation({ latencyMs: () => 1 });
  open.push(sim);
  for (const image of ['app:1', 'app:2', 'crash:1', 'nostart:1', 'sick:1']) sim.engine.state.images.add(image);
  await scenario.given?.(sim);
  const before = sim.engine.calls.length;
  sim.setFault(({ number }) => fault(number - before));
  scenario.when(sim);
  sim.start();
  await sim.settle();
  return { sim, calls: sim.engine.calls.slice(before) };
}

describe('killed at any call, the next controller finishes or undoes what it finds (law 6)', () => {
  it.each(SCENARIOS)(
    '$title',
    async (scenario) => {
      const undisturbed = await play(scenario, () => 'none');
      const world = worldOf(undisturbed.sim.engine.state);
      for (const line of scenario.then) expect(world).toMatch(line);
      expect(undisturbed.sim.violations).toEqual([]);
      for (const { fault, k } of crashPointsOf(undisturbed.calls)) {
        const { sim } = await play(scenario, (call) => (call === k ? fault : 'none'));
        const seen = { fault, k, world: worldOf(sim.engine.state), violations: sim.violations, faults: sim.faults };
        expect(seen).toEqual({ fault, k, world, violations: [], faults: [] });
        open.splice(0).forEach((one) => one.dispose());
      }
    },
    LIMIT_MS,
  );
});
