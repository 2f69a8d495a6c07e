import { setTimeout as delay } from 'node:timers/promises';
import type { Bench } from './bench.js';
import { startController } from './controller-process.js';
import { countsOf } from './nothing.js';
import { emptyEngine } from './raw-engine.js';
import { figure } from './report.js';
import { benchNames, plainSpec, watchedSpec, writeSpecs } from './specs.js';

const WATCHED = 10;

/** The controller left alone at its default resync; some workspaces have health checks, whose events reach it. */
export async function measureIdle(bench: Bench): Promise<void> {
  const { options, engine, watch, report, host, main, fresh } = bench;
  await emptyEngine(engine, watch);
  const specs = writeSpecs(fresh('idle'), benchNames(options.workspaces), (name, index) =>
    index < WATCHED ? watchedSpec(name) : plainSpec(name),
  );
  const controller = await startController(
    { main, host, specs, stateDir: fresh('state'), args: [] },
    options.workspaces,
  );
  try {
    // The start's own work is over, and what it left in memory may go.
    await delay(5_000);
    const before = countsOf(await controller.scrape());
    const cpuBefore = controller.cpuMs();
    const startedAt = performance.now();
    const resident: number[] = [];
    while (performance.now() - startedAt < options.idleSeconds * 1_000) {
      await delay(1_000);
      resident.push(controller.residentBytes());
    }
    const seconds = (performance.now() - startedAt) / 1_000;
    const percent = (controller.cpuMs() - cpuBefore) / seconds / 10;
    const after = countsOf(await controller.scrape());
    const calls = [...after]
      .map(([verb, count]) => [verb, count - (before.get(verb) ?? 0)] as const)
      .filter(([, count]) => count > 0);
    report.title(
      `idle: ${options.workspaces} workspaces, ${WATCHED} with health checks, resync every 30 s, watched for ${seconds.toFixed(0)} s`,
    );
    report.row('CPU, of one core', '%', [percent]);
    report.row('resident', 'MB', resident);
    report.note(`engine calls: ${calls.map(([verb, count]) => `${verb} ${count}`).join(', ') || 'none'}`);
    report.goal({ name: 'idle: CPU of one core', limit: '< 1 %', figure: figure(percent, '%'), met: percent < 1 });
    const most = Math.max(...resident);
    report.goal({ name: 'idle: resident', limit: '< 120 MB', figure: figure(most, 'MB'), met: most < 120e6 });
  } finally {
    await controller.stop();
  }
}
