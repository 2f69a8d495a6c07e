import { performance } from 'node:perf_hooks';
import { createSimulation, SIM_RESYNC_MS } from './controller.js';

export interface ScaleResult {
  /** Real milliseconds of this process, from the controller's start to all workspaces running. */
  readonly coldMs: number;
  /** Of one resync that finds nothing. */
  readonly idleResyncMs: number;
  /** From the cold start, without the idle resync. */
  readonly engineCalls: number;
}

/**
 * `count` workspaces on an engine that answers at once: what the controller itself costs. Throws when they do not all
 * come up.
 */
export async function simulateScale(count: number): Promise<ScaleResult> {
  const sim = createSimulation({ checked: false, concurrency: 16 });
  try {
    sim.engine.state.images.add('app:1');
    for (let at = 0; at < count; at += 1) sim.specs.set(`w${at}`, { image: 'app:1' });
    const started = performance.now();
    sim.start();
    const isUp = () => sim.engine.state.containers.size === count && sim.controller().idle();
    if (!(await sim.clock.runUntil(isUp, 10 * 60_000)))
      throw new Error(`${sim.engine.state.containers.size} of ${count} workspaces came up`);
    const coldMs = performance.now() - started;
    const engineCalls = sim.engine.calls.length;
    const resynced = performance.now();
    await sim.clock.run(SIM_RESYNC_MS);
    return { coldMs, idleResyncMs: performance.now() - resynced, engineCalls };
  } finally {
    sim.dispose();
  }
}
