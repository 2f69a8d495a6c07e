import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LABEL, containerName } from '../../controller/model/names.js';
import { conditionOf } from '../../controller/status/conditions.js';
import { cases, LIMIT_MS, SEED } from '../support/cases.js';
import { findContainer } from '../support/engine/fake-engine-state.js';
import { historyArbitrary } from '../support/sim/arbitraries.js';
import { createSimulation, type Simulation } from '../support/sim/controller.js';
import { BAD_IMAGES, GOOD_IMAGES, mend, play, type Happening } from '../support/sim/history.js';
import { READS } from '../support/sim/invariants.js';
import { createRandom } from '../support/sim/random.js';
import { deviations } from '../support/sim/world.js';

const RUNS = cases(60, 2_000);
const MINUTE = 60_000;

const open: Simulation[] = [];
afterEach(() => open.splice(0).forEach((sim) => sim.dispose()));

function simulate(seed: number): Simulation {
  const random = createRandom(seed);
  const sim = createSimulation({
    seed,
    latencyMs: () => 1 + Math.floor(random() * 4),
    isEventLost: () => random() < 0.05,
  });
  open.push(sim);
  for (const image of [...GOOD_IMAGES, ...BAD_IMAGES]) if (image !== 'absent:1') sim.engine.state.images.add(image);
  sim.start();
  return sim;
}

/** Reasons that end the matter for the controller until a person, the spec or an object changes. */
const EXPLAINED =
  /^(ReplacementFailed|StartFailed|CrashLoop|Unhealthy|ImagePullFailed|NameConflict|VolumeConflict|PortConflict)$/;

/**
 * What is wrong with a workspace once everything works again: a good spec is met, a bad one explained, and the old
 * container serves.
 */
function unmet(sim: Simulation): string[] {
  const { state } = sim.engine;
  return sim.specs.names().flatMap((name) => {
    const desired = sim.specs.get(name);
    if (desired === undefined) return [];
    const status = sim.status().get(name);
    const reason = (status && conditionOf(status, 'Ready')?.reason) ?? 'none';
    const found = deviations(state, desired);
    if (found.length === 0 || EXPLAINED.test(reason))
      return state.idOfName.has(`${containerName(name)}.next`) && !hasForeign(sim, name)
        ? [`${name}: a replacement is left (${reason})`]
        : servesOn(sim, name, reason);
    return found.map((what) => `${what} (${status?.phase} ${reason})`);
  });
}

function hasForeign({ engine: { state } }: Simulation, name: string): boolean {
  const foreign = (container: string) =>
    findContainer(state, container)?.definition.labels[LABEL.workspace] !== name && state.idOfName.has(container);
  const volume = state.volumes.get(`kalpana-workspace-${name}`);
  return (
    foreign(containerName(name)) ||
    foreign(`${containerName(name)}.next`) ||
    (volume !== undefined && volume.labels[LABEL.workspace] !== name)
  );
}

/** After a failed replacement the old container runs. */
function servesOn(sim: Simulation, name: string, reason: string): string[] {
  if (reason !== 'ReplacementFailed' && reason !== 'ImagePullFailed') return [];
  const main = findContainer(sim.engine.state, containerName(name));
  const wasGood = main !== undefined && GOOD_IMAGES.some((image) => image === main.definition.image);
  return wasGood && main.state !== 'running' ? [`${name}: ${reason}, and the old container is ${main.state}`] : [];
}

async function converge(sim: Simulation): Promise<void> {
  mend(sim);
  await sim.clock.run(5_000);
  const held = sim
    .status()
    .held()
    .filter((name) => sim.specs.get(name) === undefined);
  const before = held.filter((name) => findContainer(sim.engine.state, containerName(name)) === undefined);
  await sim.clock.run(MINUTE);
  expect(
    held.filter((name) => !before.includes(name) && findContainer(sim.engine.state, containerName(name)) === undefined),
  ).toEqual([]);
  sim.controller().approve(null);
  await sim.clock.runUntil(() => unmet(sim).length === 0 && sim.controller().idle(), 25 * MINUTE);
}

/** Workspaces whose failure is tried again by design, for ever. */
function isRetried(sim: Simulation, name: string): boolean {
  const status = sim.status().get(name);
  const main = findContainer(sim.engine.state, containerName(name))?.definition.image;
  return (
    main === 'crash:1' ||
    /^(ImagePullFailed|PortConflict|CrashLoop)$/.test((status && conditionOf(status, 'Ready')?.reason) ?? '')
  );
}

function orphansOf({ engine: { state }, specs }: Simulation): string[] {
  return [...state.containers.values()].flatMap(({ name, definition: { labels } }) => {
    const workspace = labels[LABEL.workspace];
    return labels[LABEL.controller] === 'default' && workspace !== undefined && specs.get(workspace) === undefined
      ? [name]
      : [];
  });
}

describe('whatever happens', () => {
  it(
    'the laws hold at every step, and once it is over the world becomes as wanted and stays so',
    async () => {
      const property = fc.asyncProperty(
        historyArbitrary,
        fc.integer({ min: 0, max: 1e6 }),
        async (history: Happening[], seed) => {
          const sim = simulate(seed);
          await play(sim, history, seed);
          await converge(sim);
          const after = {
            violations: sim.violations,
            faults: sim.faults,
            unmet: unmet(sim),
            orphans: orphansOf(sim),
            idle: sim.controller().idle(),
          };
          expect(after).toEqual({ violations: [], faults: [], unmet: [], orphans: [], idle: true });
          const calls = sim.engine.calls.length;
          const mayWork = sim.specs.names().some((name) => isRetried(sim, name));
          await sim.clock.run(10 * MINUTE);
          const changes = sim.engine.calls.slice(calls).filter(({ verb }) => !READS.has(verb));
          if (!mayWork) expect(changes.map(({ verb, args }) => `${verb} ${String(args[0])}`)).toEqual([]);
          expect(unmet(sim)).toEqual([]);
          expect(sim.violations).toEqual([]);
          open.splice(0).forEach((one) => one.dispose());
        },
      );
      await fc.assert(property, { numRuns: RUNS, seed: SEED, endOnFailure: false });
    },
    LIMIT_MS,
  );
});
