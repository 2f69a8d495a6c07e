import type { DesiredSnapshot } from '../../../controller/model/desired.js';
import type { ObservedContainer } from '../../../controller/model/engine-objects.js';
import type { ControllerOptions } from '../../../controller/reconcile/controller-types.js';
import type { CacheReconciler, ControllerListener } from '../../../controller/reconcile/interfaces.js';
import { createLoop, type Loop } from '../../../controller/reconcile/loop.js';
import type { WorkQueue } from '../../../controller/reconcile/queue.js';
import { EMPTY_SNAPSHOT } from '../../../controller/reconcile/state.js';
import { createManualClock, type ManualClock } from '../../support/manual-clock.js';
import { noCaches } from '../../support/sim/no-caches.js';
import { desiredWorkspace } from '../../support/sim/specs.js';

export const NOW = 1_000_000;
export const OUTAGE = { reason: 'EngineUnreachable', message: 'the engine is away' } as const;

export interface OpenLoop {
  readonly loop: Loop;
  readonly clock: ManualClock;
  /** The calls of the listener, as `name first-argument`, since the last read. */
  readonly reports: () => string[];
  readonly abort: () => void;
}

/** A loop whose rooms are made by hand: `engine` is what a list finds, or null while the engine is away. */
export function openLoop(
  given: {
    readonly snapshot?: () => DesiredSnapshot;
    readonly engine?: () => readonly ObservedContainer[] | null;
    readonly caches?: Partial<CacheReconciler>;
    readonly held?: readonly string[];
  } = {},
): OpenLoop {
  const clock = createManualClock(NOW);
  const abort = new AbortController();
  let reports: string[] = [];
  let containers = new Map<string, ObservedContainer>();
  const listener = new Proxy({} as ControllerListener, {
    get: (_, name) => (first: unknown) => {
      const what =
        typeof first === 'object' && first !== null && 'name' in first
          ? `${String(first.name)} ${verdictOf(first)}`
          : String(first);
      reports.push(`${String(name)} ${what}`);
    },
  });
  const options: Partial<ControllerOptions> = {
    instance: 'default',
    resyncMs: 30_000,
    allowPrune: false,
    clock,
    random: () => 0,
    sources: {
      scan: async () => given.snapshot?.() ?? EMPTY_SNAPSHOT,
      watch: () => () => undefined,
      forget: () => undefined,
    },
    view: {
      get containers() {
        return containers;
      },
      volumes: new Map(),
      networks: new Map(),
      containersOf: (workspace: string) =>
        [...containers.values()].filter(({ name }) => name === `workspace-${workspace}`),
      relist: async () => {
        const found = given.engine === undefined ? [] : given.engine();
        if (found === null) throw new Error(OUTAGE.message);
        containers = new Map(found.map((one) => [one.id, one]));
      },
    } as unknown as ControllerOptions['view'],
    caches: { ...noCaches, ...given.caches },
    givenUp: { all: () => new Map(), set: () => undefined },
    heldRemovals: { load: () => given.held ?? [], save: () => undefined },
    classify: () => OUTAGE,
    listener,
  };
  const loop = createLoop(options as ControllerOptions, abort.signal);
  const read = () => {
    const all = reports;
    reports = [];
    return all;
  };
  return { loop, clock, reports: read, abort: () => abort.abort() };
}

function verdictOf(report: object): string {
  return 'verdict' in report ? (report.verdict as { readonly kind: string }).kind : '';
}

/** Specs of workspaces without a cache, by name. */
export function snapshotOf(names: readonly string[], more: Partial<DesiredSnapshot> = {}): DesiredSnapshot {
  return {
    ...EMPTY_SNAPSHOT,
    complete: true,
    workspaces: new Map(names.map((name) => [name, desiredWorkspace(name, { image: 'app:1', cache: false })])),
    ...more,
  };
}

/** All keys that wait in `queue`, each with its triggers, in order; they are taken from it. */
export async function taken(queue: WorkQueue): Promise<string[]> {
  queue.hold(false);
  const keys: string[] = [];
  for (let left = queue.size().waiting; left > 0; left -= 1) {
    const item = await queue.take();
    if (item === null) break;
    keys.push(`${item.key} ${item.trigger}`);
    queue.done(item.key);
  }
  return keys;
}
