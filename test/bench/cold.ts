import type { Bench } from './bench.js';
import { composeFor } from './compose.js';
import { runOnce } from './controller-process.js';
import { nowMs } from './engine-watch.js';
import { FLOOR_CONCURRENCIES, rawWorkspaces, runFloor } from './floor.js';
import { makeKeeper } from './keeper.js';
import { emptyEngine, runningContainers } from './raw-engine.js';
import { figure, median, ratios } from './report.js';

interface Contestant {
  readonly name: string;
  readonly kind: 'floor' | 'controller' | 'compose';
  /** To the last container's start. */
  readonly workMs: number[];
  /** To the end of the process, where there is one. */
  readonly processMs: number[];
  run(): Promise<{ readonly sinceMs: number; readonly processMs: number | null }>;
}

/** From nothing to running: everybody in every round, in turns, on an engine that was emptied and is quiet. */
export async function measureCold(bench: Bench): Promise<void> {
  const { options, engine, watch, report } = bench;
  const contestants = [...floors(bench), ...controllers(bench), ...composes(bench)];
  report.title(
    `cold: ${options.workspaces} workspaces from nothing (but the network and the cache's keeper) to running, ${options.rounds} rounds`,
  );
  await makeKeeper(bench);
  for (let round = 0; round < options.rounds; round += 1) {
    // Whoever comes first in one round comes last in another.
    const turn = contestants.map((_, index) => contestants[(index + round) % contestants.length]!);
    for (const contestant of turn) {
      await emptyEngine(engine, watch, { keeper: true });
      const beganAtMs = nowMs();
      const { sinceMs, processMs } = await contestant.run();
      contestant.workMs.push((await watch.allStarted(options.workspaces, beganAtMs)) - sinceMs);
      if (processMs !== null) contestant.processMs.push(processMs);
      const running = (await runningContainers(engine)).length;
      if (running !== options.workspaces)
        throw new Error(`${contestant.name}: ${running} of ${options.workspaces} containers run`);
    }
  }
  await emptyEngine(engine, watch, { keeper: true });
  print(bench, contestants);
}

function print({ report, options }: Bench, contestants: readonly Contestant[]): void {
  for (const { name, kind, workMs, processMs } of contestants) {
    if (kind === 'floor') report.row(name, 's', workMs);
    if (kind === 'controller') report.row(`${name}, from its first list`, 's', workMs);
    if (kind !== 'floor') report.row(`${name}, whole process`, 's', processMs);
  }
  const [floor] = contestants
    .filter(({ kind }) => kind === 'floor')
    .sort((a, b) => median(a.workMs) - median(b.workMs));
  const compose = contestants.find(({ kind }) => kind === 'compose');
  report.note(`round by round, against the best floor (${floor!.name}) and whole process against whole process:`);
  for (const [index, ours] of contestants.filter(({ kind }) => kind === 'controller').entries()) {
    const overFloor = ratios(ours.workMs, floor!.workMs);
    report.row(`${ours.name} / floor`, 'x', overFloor);
    report.row(`${ours.name}, whole process / floor`, 'x', ratios(ours.processMs, floor!.workMs));
    if (compose) report.row(`${ours.name} / compose`, 'x', ratios(ours.processMs, compose.processMs));
    if (index > 0) continue;
    const ratio = median(overFloor);
    report.goal({
      name: `cold: ${options.workspaces} workspaces / the floor`,
      limit: '<= 1.10',
      figure: figure(ratio, 'x'),
      met: ratio <= 1.1,
    });
    if (!compose) continue;
    const overCompose = median(ratios(ours.processMs, compose.processMs));
    report.goal({
      name: 'cold: whole process / docker compose up -d',
      limit: '< 1',
      figure: figure(overCompose, 'x'),
      met: overCompose < 1,
    });
  }
}

function floors({ engine, desired }: Bench): Contestant[] {
  const workspaces = rawWorkspaces(desired);
  return FLOOR_CONCURRENCIES.map((concurrency) => ({
    name: `floor, ${concurrency} at once`,
    kind: 'floor',
    workMs: [],
    processMs: [],
    async run() {
      const sinceMs = nowMs();
      await runFloor(engine, workspaces, concurrency);
      return { sinceMs, processMs: null };
    },
  }));
}

function controllers({ options, host, specs, fresh }: Bench): Contestant[] {
  const settings =
    options.concurrencies.length === 0 ? [[]] : options.concurrencies.map((value) => ['--concurrency', value]);
  return options.controllers.flatMap((main) =>
    settings.map((args): Contestant => ({
      name: ['kalpana', ...(options.controllers.length > 1 ? [main] : []), ...args].join(' '),
      kind: 'controller',
      workMs: [],
      processMs: [],
      async run() {
        const { firstListAtMs, processMs } = await runOnce({ main, host, specs, stateDir: fresh('state'), args });
        return { sinceMs: firstListAtMs, processMs };
      },
    })),
  );
}

function composes({ compose, host, desired, fresh }: Bench): Contestant[] {
  if (compose === null) return [];
  const program = composeFor(compose, host, fresh('compose'), desired);
  return [
    {
      name: 'docker compose up -d',
      kind: 'compose',
      workMs: [],
      processMs: [],
      run: async () => ({ sinceMs: nowMs(), processMs: await program.up() }),
    },
  ];
}
