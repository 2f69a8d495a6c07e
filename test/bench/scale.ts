import { existsSync } from 'node:fs';
import type { Bench } from './bench.js';

const WORKSPACES = 10_000;

interface ScaleFigures {
  readonly coldMs: number;
  readonly idleResyncMs: number;
}

/** Ten thousand workspaces on the simulated engine of the tests. */
export async function measureScale({ report }: Bench): Promise<void> {
  const module = new URL('../support/sim/scale.js', import.meta.url);
  report.title(`scale: ${WORKSPACES} workspaces on a simulated engine`);
  if (!existsSync(module)) return report.note('not measured: test/support/sim/scale.ts is not there');
  const { simulateScale } = (await import(module.href)) as {
    simulateScale: (workspaces: number) => Promise<ScaleFigures>;
  };
  const figures = await simulateScale(WORKSPACES);
  report.row('from nothing to Ready', 's', [figures.coldMs]);
  report.row('a resync with nothing to do', 'ms', [figures.idleResyncMs]);
}
