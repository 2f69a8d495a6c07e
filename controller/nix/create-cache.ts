import type { CacheContext, SharedByCaches } from './cache-context.js';
import { reportCache, reportChange } from './cache-report.js';
import { cacheCollector, cacheVerifier } from './cache-runs.js';
import { createCacheSpecs } from './cache-specs.js';
import { createClearing } from './clearing.js';
import { imageWithStore } from './image-with-store.js';
import { createImports } from './images/imports.js';
import type { Inventory } from './keeper/keeper-answers.js';
import { createKeeper } from './keeper/keeper.js';
import type { KeeperCommands } from './keeper/keeper-commands.js';
import { noteCacheEvent } from './note-cache-event.js';
import { createTotals } from './packages/accounts.js';
import { createEnvironments } from './packages/environments.js';
import { createMeasure } from './packages/measure.js';
import { prewarm } from './prewarm.js';

/** Creates the parts of one cache and gives each part what it needs of the others. */
export function createCache(name: string, shared: SharedByCaches): CacheContext {
  const { docker, clock, calls, view } = shared;
  const specs = createCacheSpecs();
  const environments = createEnvironments({
    cache: name,
    clock,
    random: shared.random,
    calls,
    emit: (event) => noteCacheEvent(context, event),
    // Continues prewarming that was cancelled for a workspace.
    onIdle: () => prewarm(context),
  });
  const keeper = createKeeper({
    cache: name,
    docker,
    clock,
    instance: shared.instance,
    view,
    execute: shared.execute,
    imageWithStore: (reference, callOptions) => imageWithStore(shared, reference, callOptions),
    onUp: (commands, inventory) => noteKeeperUp(context, commands, inventory),
    onDown() {
      environments.close();
      reportChange(context);
    },
  });
  const { commands, unavailable } = keeper;
  const onChange = () => reportChange(context);
  const imports = createImports({ cache: name, clock, commands, unavailable, onChange });
  const measure = createMeasure({ clock, calls, commands, onChange: () => noteMeasured(context) });
  const clearing = createClearing({
    cache: name,
    clock,
    keeper,
    environments,
    workspaces: specs.workspaces,
    onChange,
    isCollecting: () => collector.isUnderWay(),
    onBegin: () => verifier.giveWay(),
  });
  const parts = { name, specs, keeper, environments, imports, measure, shared };
  const collector = cacheCollector(parts, () => context);
  const verifier = cacheVerifier(parts, () => context);
  const totals = createTotals(shared.totalsRecord(name));
  const context: CacheContext = {
    ...parts,
    totals,
    clearing,
    collector,
    verifier,
  };
  return context;
}

/** Prepares the parts of the cache for a keeper whose daemon has just answered. */
function noteKeeperUp(context: CacheContext, commands: KeeperCommands, inventory: Inventory): void {
  const { imports, environments, collector, specs, measure, shared } = context;
  imports.reset(inventory.images);
  environments.open(commands, inventory);
  if (shared.isForesight) return;
  collector.noteNames(specs.profiles(), []);
  commands.expectLinks(shared.calls);
  measure.soon();
  reportChange(context);
}

function noteMeasured(context: CacheContext): void {
  reportCache(context);
  context.collector.consider();
}
