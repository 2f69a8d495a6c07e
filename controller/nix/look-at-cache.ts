import type { CallOptions } from '../docker/port.js';
import type { CacheOutcome } from '../model/cache-status.js';
import { migrationOf } from './cache-availability.js';
import type { CacheContext } from './cache-context.js';
import { cacheOf, type CacheRegistry } from './cache-registry.js';
import { removedReport, reportCache, reportChange } from './cache-report.js';
import { cachesWithKeeper } from './listed-keepers.js';
import { prewarm } from './prewarm.js';
import { usersByCache } from './users-by-cache.js';

/** Looks at one cache once and takes one step towards what the specs want. Throws `EngineError`. */
export async function lookAtCache(registry: CacheRegistry, name: string, calls: CallOptions): Promise<CacheOutcome> {
  const { images, view } = registry.shared;
  const cache = cacheOf(registry, name);
  const outcome = await converge(cache, calls);
  await images.sweep(view.containers.values(), calls);
  const isSettled = outcome.operations === 0 && outcome.failure === null;
  const recheckMs =
    isSettled && registry.snapshot?.complete === true
      ? await cache.imports.release(cache.keeper.imagesInUse(), calls)
      : null;
  if (outcome.operations === 0) forgetIfGone(registry, name);
  return { ...outcome, recheckMs: outcome.recheckMs ?? recheckMs };
}

async function converge(cache: CacheContext, calls: CallOptions): Promise<CacheOutcome> {
  const { keeper, specs, collector, verifier } = cache;
  const whatStartsWaitFor = () => `${keeper.failure()?.reason} ${migrationOf(cache)}`;
  const before = whatStartsWaitFor();
  const outcome = await keeper.reconcile(specs.desired(), calls);
  if (whatStartsWaitFor() !== before) reportChange(cache);
  else reportCache(cache);
  if (outcome.operations === 0) {
    prewarm(cache);
    await collector.sweep(calls);
    collector.consider();
    verifier.consider();
  }
  return outcome;
}

/** Forgets the cache when neither a spec nor a workspace names it and its keeper is gone. */
function forgetIfGone({ caches, shared, snapshot }: CacheRegistry, name: string): void {
  if (snapshot === null || snapshot.caches.has(name)) return;
  if (cachesWithKeeper(shared.view, shared.instance).includes(name)) return;
  if ((usersByCache(snapshot).get(name)?.length ?? 0) > 0) return;
  caches.delete(name);
  shared.emit({ type: 'reported', report: removedReport(name) });
}
