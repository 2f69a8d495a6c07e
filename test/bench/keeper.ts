import type { Bench } from './bench.js';
import { runOnce } from './controller-process.js';
import { emptyEngine } from './raw-engine.js';
import { plainSpec, writeSpecs } from './specs.js';

/**
 * An engine with nothing on it but the cache `default` and its keeper. Every workspace mounts that cache, and whoever
 * is measured against the controller does so too; making the keeper happens once a host, and is nobody's part of a
 * start.
 */
export async function makeKeeper({ engine, watch, host, main, fresh }: Bench): Promise<void> {
  await emptyEngine(engine, watch);
  await runOnce({
    main,
    host,
    specs: writeSpecs(fresh('specs'), ['first'], plainSpec),
    stateDir: fresh('state'),
    args: [],
  });
  await emptyEngine(engine, watch, { keeper: true });
}
