import { createBody } from '../../controller/docker/container-body.js';
import { containerName } from '../../controller/model/names.js';
import { containerDefinition } from '../../controller/plan/definition.js';
import type { Bench } from './bench.js';
import { composeFor } from './compose.js';
import { runOnce, startController } from './controller-process.js';
import { nowMs } from './engine-watch.js';
import { makeKeeper } from './keeper.js';
import { emptyEngine } from './raw-engine.js';
import { figure, median, ratios } from './report.js';
import { BENCH_IMAGE_PATH, BENCH_INSTANCE } from './specs.js';

const BARE = 'bench-bare';
const WARM_UP = 2;
const LOST_SAMPLES = 5;
/** Long enough for the controller's second look to be over. */
const REST_MS = 300;

/** One container killed: how long until it runs again. */
export async function measureRepair(bench: Bench): Promise<void> {
  const { options, engine, watch, report, host, main, specs, desired, fresh } = bench;
  report.title(`repair: one container of ${options.workspaces}, ${options.repairs} times`);
  const composeMs = await composeRepairs(bench);
  await emptyEngine(engine, watch);
  const settings = { main, host, specs, stateDir: fresh('state'), args: [] };
  await runOnce(settings);
  await createBare(bench);
  const controller = await startController(settings, options.workspaces);
  const ours: number[] = [];
  const bare: number[] = [];
  const lost: number[] = [];
  try {
    for (let sample = 0; sample < options.repairs + WARM_UP; sample += 1) {
      // Another one each time: a container that keeps dying is started later and later.
      const victim = containerName(desired[sample % desired.length]!.name);
      ours.push(await killed(bench, victim));
      bare.push(await startedByHand(bench));
    }
    for (let sample = 0; sample < LOST_SAMPLES; sample += 1)
      lost.push(await removed(bench, containerName(desired.at(-1 - sample)!.name)));
  } finally {
    await controller.stop();
  }
  const [repaired, started] = [ours.slice(WARM_UP), bare.slice(WARM_UP)];
  const over = ratios(repaired, started);
  report.row("kalpana, killed: from the event 'die' to the event 'start'", 'ms', repaired);
  report.row("bare start call at the event 'die', to the event 'start'", 'ms', started);
  report.row('kalpana / bare', 'x', over);
  report.row("kalpana, removed: from 'destroy' to 'start'", 'ms', lost);
  if (composeMs.length > 0) report.row('docker compose up -d with one removed, the whole process', 'ms', composeMs);
  const ratio = median(repaired) / median(started);
  report.goal({
    name: 'repair of a killed container / a bare start',
    limit: '<= 1.30',
    figure: figure(ratio, 'x'),
    met: ratio <= 1.3,
  });
}

async function killed(
  { engine, watch }: Bench,
  container: string,
  onDeath: () => Promise<unknown> = async () => undefined,
): Promise<number> {
  await watch.quiet(REST_MS);
  const sinceMs = nowMs();
  // Its answer comes when the engine has cleaned up, 60 ms after the event: nobody waits for it.
  const kill = engine.call('POST', `/containers/${container}/kill`);
  const died = await watch.waitFor(sinceMs, (event) => event.action === 'die' && event.name === container);
  await Promise.all([kill, onDeath()]);
  const started = await watch.waitFor(died.atMs, (event) => event.action === 'start' && event.name === container);
  return started.atMs - died.atMs;
}

/** The least a repair can be: the event, and at once the call. */
function startedByHand(bench: Bench): Promise<number> {
  return killed(bench, BARE, () => bench.engine.call('POST', `/containers/${BARE}/start`));
}

async function removed({ engine, watch }: Bench, container: string): Promise<number> {
  await watch.quiet(REST_MS);
  const sinceMs = nowMs();
  await engine.call('DELETE', `/containers/${container}?force=1`);
  const gone = await watch.waitFor(sinceMs, (event) => event.action === 'destroy' && event.name === container);
  const started = await watch.waitFor(gone.atMs, (event) => event.action === 'start' && event.name === container);
  return started.atMs - gone.atMs;
}

/** Like a workspace's container in all but its owner. */
async function createBare({ engine, desired }: Bench): Promise<void> {
  const definition = containerDefinition({ ...desired[0]!, name: BARE }, BENCH_INSTANCE, [], null, BENCH_IMAGE_PATH);
  await engine.call('POST', `/containers/create?name=${BARE}`, createBody({ ...definition, labels: {} }));
  await engine.call('POST', `/containers/${BARE}/start`);
}

async function composeRepairs(bench: Bench): Promise<number[]> {
  const { compose, engine, watch, host, desired, fresh } = bench;
  if (compose === null) return [];
  await makeKeeper(bench);
  const program = composeFor(compose, host, fresh('compose'), desired);
  await program.up();
  const samples: number[] = [];
  for (const { name } of desired.slice(-LOST_SAMPLES)) {
    await watch.quiet(REST_MS);
    await engine.call('DELETE', `/containers/${containerName(name)}?force=1`);
    samples.push(await program.up());
  }
  return samples;
}
