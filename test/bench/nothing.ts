import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../controller/model/clock.js';
import { connectEngine } from '../../controller/docker/dockerode-port.js';
import { createState, planFor } from '../../controller/reconcile/state.js';
import { createEngineView } from '../../controller/observe/engine-view.js';
import type { Bench } from './bench.js';
import { composeFor } from './compose.js';
import { runOnce, startController, type RunningController } from './controller-process.js';
import { makeKeeper } from './keeper.js';
import { emptyEngine } from './raw-engine.js';
import { BENCH_INSTANCE } from './specs.js';
import { noCaches } from '../support/sim/no-caches.js';

const RESYNC_SECONDS = 2;
/** Every tenth resync is a deep one, which inspects: these lie between two of them. */
const PLAIN_RESYNCS = 6;
const DEEP_EVERY = 10;
const LISTS = ['listContainers', 'listNetworks', 'listVolumes'];

/** Everything is as it should be: what a look at it costs. Leaves the controller's workspaces running. */
export async function measureNothing(bench: Bench): Promise<void> {
  const { options, engine, watch, report, compose, host, main, specs, desired, fresh } = bench;
  report.title(`nothing to do: ${options.workspaces} workspaces as they should be`);
  const composeMs: number[] = [];
  if (compose !== null) {
    await makeKeeper(bench);
    const program = composeFor(compose, host, fresh('compose'), desired);
    await program.up();
    for (let sample = 0; sample < 5; sample += 1) composeMs.push(await program.up());
  }
  await emptyEngine(engine, watch);
  const settings = { main, host, specs, stateDir: fresh('state'), args: [] };
  await runOnce(settings);
  const onceMs: number[] = [];
  for (let sample = 0; sample < 5; sample += 1) onceMs.push((await runOnce(settings)).processMs);

  report.row('kalpana, a resync: list, compare, plan', 'ms', await resyncsInProcess(bench));
  report.row('kalpana run --once, the whole process', 'ms', onceMs);
  if (composeMs.length > 0) report.row('docker compose up -d, the whole process', 'ms', composeMs);

  const controller = await startController(
    { ...settings, args: ['--resync', String(RESYNC_SECONDS)] },
    options.workspaces,
  );
  try {
    const calls = await callsPerResync(controller);
    const most = Math.max(...LISTS.map((verb) => calls.get(verb) ?? 0));
    const others = [...calls].filter(([verb, count]) => !LISTS.includes(verb) && count > 0);
    report.note(
      `engine calls per resync over ${PLAIN_RESYNCS}: ${[...calls]
        .filter(([, count]) => count > 0)
        .map(([verb, count]) => `${verb} ${count.toFixed(2)}`)
        .join(', ')}`,
    );
    report.goal({
      name: 'nothing to do: list calls per kind and resync',
      limit: '<= 1',
      figure: most.toFixed(2),
      met: most <= 1 && most > 0,
    });
    report.goal({
      name: 'nothing to do: other calls',
      limit: '0',
      figure: String(others.length),
      met: others.length === 0,
    });
  } finally {
    await controller.stop();
  }
}

/** The code of a resync in this process, without its timer. */
async function resyncsInProcess({ host, desired }: Bench): Promise<number[]> {
  const docker = connectEngine({
    host,
    kind: 'socket',
    socketPath: host.slice('unix://'.length),
    origin: 'DOCKER_HOST',
  });
  const view = createEngineView(docker);
  const state = createState(noCaches);
  state.desired = {
    ...state.desired,
    complete: true,
    workspaces: new Map(desired.map((workspace) => [workspace.name, workspace])),
  };
  const samples: number[] = [];
  try {
    for (let sample = 0; sample < 25; sample += 1) {
      const startedAt = performance.now();
      await view.relist(false, {});
      const plans = desired.map(({ name }) => planFor(name, state, view, BENCH_INSTANCE, systemClock.now()));
      samples.push(performance.now() - startedAt);
      const open = plans.filter((plan) => plan === null || plan.operations.length > 0).length;
      if (open > 0) throw new Error(`${open} workspaces are not as they should be`);
    }
  } finally {
    docker.close();
  }
  // The first ones open the connection and warm the compiler up.
  return samples.slice(5);
}

/** Between two scrapes, each half a period away from the nearest resync. */
async function callsPerResync(controller: RunningController): Promise<Map<string, number>> {
  const periodMs = RESYNC_SECONDS * 1_000;
  const sinceStart = () => (Date.now() - controller.startedAtMs) / periodMs;
  let first = Math.ceil(sinceStart());
  while (first % DEEP_EVERY < 2 || (first % DEEP_EVERY) + PLAIN_RESYNCS >= DEEP_EVERY) first += 1;
  await delay(Math.max(0, (first + 0.5 - sinceStart()) * periodMs));
  const before = countsOf(await controller.scrape());
  await delay((first + PLAIN_RESYNCS + 0.5 - sinceStart()) * periodMs);
  const after = countsOf(await controller.scrape());
  return new Map([...after].map(([verb, count]) => [verb, (count - (before.get(verb) ?? 0)) / PLAIN_RESYNCS]));
}

/** Engine calls so far, by verb. */
export function countsOf(metrics: ReadonlyMap<string, number>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [series, value] of metrics) {
    const verb = /^engine_request_duration_seconds_count\{.*verb="(\w+)"/.exec(series)?.[1];
    if (verb !== undefined) counts.set(verb, (counts.get(verb) ?? 0) + value);
  }
  return new Map([...counts].sort());
}
