import type { Bench } from './bench.js';
import { measureColdPackages } from './cache-cold.js';
import { measureAddedPackage } from './cache-added.js';
import { measureWarmStart } from './cache-warm.js';
import { startController } from './controller-process.js';
import { openNixSite, packagedSpec, SUITE } from './nix-site.js';
import { emptyEngine } from './raw-engine.js';
import { writeSpecs } from './specs.js';

/** What the shared Nix store promises: fetched once a host, and a second workspace as fast as a bare container. */
export async function measureCache(bench: Bench): Promise<void> {
  const { engine, watch, host, main, fresh } = bench;
  const site = await openNixSite(bench);
  try {
    await measureColdPackages(bench, site);
    await emptyEngine(engine, watch);
    const specs = writeSpecs(fresh('specs'), ['cache', 'first'], (name) =>
      name === 'cache' ? site.cacheSpec() : packagedSpec(name, [SUITE]),
    );
    const controller = await startController({ main, host, specs, stateDir: fresh('state'), args: [] }, 1);
    try {
      await measureWarmStart(bench, controller, specs);
      await measureAddedPackage(bench, controller, specs);
    } finally {
      await controller.stop();
    }
  } finally {
    await emptyEngine(engine, watch);
    await site.close();
  }
}
