import type { CallOptions, DockerPort } from '../docker/port.js';
import type { CacheOutcome, CacheTotals, CacheUse, CacheVerdict } from '../model/cache-status.js';
import type { CacheEvent, EmitCacheEvent } from '../model/cache-event.js';
import { later, type Clock } from '../model/clock.js';
import type { DesiredCache } from '../model/desired.js';
import { cacheVolumeName, containerName, workspaceOfVolumeName } from '../model/names.js';
import type { GcNews } from '../model/gc-status.js';
import type { Failure } from '../model/reasons.js';
import { isOnBareStore } from '../model/shared-volume.js';
import type { EngineView } from '../observe/engine-view.js';
import type { CacheObservation } from '../plan/types.js';
import { addUse, NO_TOTALS, warmUse } from './packages/accounts.js';
import { createClearing } from './clearing.js';
import { environmentRequest } from './packages/environment-key.js';
import { createEnvironments, PREWARM, type Environments } from './packages/environments.js';
import { createCollector, type Collector } from './gc/collector.js';
import type { GcRecordFile } from './gc/record.js';
import type { GcWorkspace } from './gc/steps.js';
import { createImports } from './images/imports.js';
import { createKeeper, type ExecutePlan } from './keeper/keeper.js';
import { createMeasure } from './packages/measure.js';

export interface CacheDependencies {
  readonly docker: DockerPort;
  readonly clock: Clock;
  readonly random: () => number;
  readonly instance: string;
  readonly view: Pick<EngineView, 'containers' | 'volumes'>;
  readonly calls: CallOptions;
  readonly execute: ExecutePlan;
  readonly emit: EmitCacheEvent;
  readonly imageWithStore: (reference: string, calls: CallOptions) => Promise<string | null>;
  /** Every source was read whole. */
  readonly isComplete: () => boolean;
  readonly gcRecord: GcRecordFile;
  /** What a collection has to know of a workspace; null when its spec has gone. */
  readonly gcWorkspace: (name: string, environments: Environments) => GcWorkspace | null;
  readonly totals: { load(): CacheTotals | null; save(totals: CacheTotals): void };
  /** For a plan: nothing is begun by itself. */
  readonly foresight?: boolean;
  /** One convergence: nothing is collected by itself. */
  readonly once?: boolean;
}

export type Cache = ReturnType<typeof createCache>;

/** One cache: its keeper, its environments and images, and their accounts. */
export function createCache(name: string, deps: CacheDependencies) {
  const { clock, calls } = deps;
  let desired: DesiredCache | null = null;
  let workspaces: readonly string[] = [];
  let totals = deps.totals.load() ?? NO_TOTALS;

  const changed = () => {
    report();
    deps.emit({ type: 'changed', cache: name, workspaces });
  };

  const environments = createEnvironments({
    cache: name,
    clock,
    random: deps.random,
    calls,
    emit: onEvent,
    // What made way for a workspace goes on.
    onIdle: () => prewarm(),
  });

  const keeper = createKeeper({
    ...deps,
    cache: name,
    onUp(commands, inventory) {
      imports.reset(inventory.images);
      environments.open(commands, inventory);
      if (deps.foresight === true) return;
      collector.noteNames(profilesOf(desired, workspaces), []);
      commands.expectLinks(calls);
      measure.soon();
      changed();
    },
    onDown() {
      environments.close();
      changed();
    },
  });
  const imports = createImports({
    cache: name,
    clock,
    commands: keeper.commands,
    unavailable: keeper.unavailable,
    onChange: changed,
  });
  const measure = createMeasure({ clock, calls, commands: keeper.commands, onChange: measured });
  const clearing = createClearing({
    cache: name,
    clock,
    keeper,
    environments,
    workspaces: () => workspaces,
    onChange: changed,
    isCollecting: () => collector.isUnderWay(),
  });
  const collector: Collector = createCollector({
    cache: name,
    instance: deps.instance,
    docker: deps.docker,
    clock,
    calls,
    record: deps.gcRecord,
    isScheduled: deps.foresight !== true && deps.once !== true,
    desired: () => desired,
    workspaces: () =>
      desired === null ? [] : workspaces.flatMap((workspace) => deps.gcWorkspace(workspace, environments) ?? []),
    isComplete: deps.isComplete,
    environments,
    imports,
    keeperId: () => keeper.commands()?.keeperId ?? null,
    unavailable,
    listUsers: keeper.listUsers,
    dataVolumes: () => [...deps.view.volumes.keys()].flatMap((volume) => workspaceOfVolumeName(volume) ?? []),
    wantedProfiles: () => profilesOf(desired, workspaces),
    containers: () => deps.view.containers.values(),
    measure: measure.take,
    size: measure.size,
    emit: deps.emit,
    onChange: report,
  });

  /** What an event of the environments means for the cache itself comes before or after what it means for others. */
  function onEvent(event: CacheEvent): void {
    if (event.type === 'linked') count(event.use);
    if (event.type === 'realised' && event.failure === null) measure.soon();
    if (event.type !== 'linked' || event.workspace !== PREWARM) deps.emit(event);
    if (event.type !== 'changed') report();
  }

  function measured(): void {
    report();
    collector.consider();
  }

  function count(use: CacheUse): void {
    totals = addUse(totals, use);
    deps.totals.save(totals);
  }

  /** In the background, and kept as a root: a workspace that waits goes first. */
  function prewarm(): void {
    const config = desired?.config;
    if (config === undefined || config.prewarm.length === 0 || keeper.commands() === null || environments.isBusy())
      return;
    const { key } = environmentRequest(config.nixpkgs, config.prewarm, { ranked: true });
    if (environments.profileKey(PREWARM) === key) return;
    const failed = environments.failureOf(key);
    if (failed === null || failed.retryMs === 0) return environments.request(PREWARM, config.nixpkgs, config.prewarm);
    if (failed.retryMs !== null) later(clock, failed.retryMs + 1, calls.signal, prewarm);
  }

  function unavailable(): Failure | null {
    return clearing.isUnderWay()
      ? { reason: 'CacheClearing', message: `the cache ${name} is being emptied` }
      : keeper.unavailable();
  }

  function migration(): CacheObservation['migration'] {
    if (keeper.failure()?.reason !== 'CacheMigrating') return 'none';
    const own = new Set(workspaces.map(containerName));
    return keeper.users().every((user) => own.has(user.name) || !isOnBareStore(user)) ? 'due' : 'held';
  }

  function verdict(): CacheVerdict {
    if (clearing.isUnderWay()) return { kind: 'progressing', message: 'the cache is being emptied' };
    const failure = keeper.failure();
    if (failure !== null) return { kind: 'failing', failure };
    return keeper.commands() === null ? { kind: 'progressing', message: keeper.message() } : { kind: 'ready' };
  }

  function report(): void {
    if (desired === null) return;
    deps.emit({
      type: 'reported',
      report: {
        name,
        verdict: verdict(),
        spec: { location: desired.location, problem: desired.problem },
        volume: cacheVolumeName(name),
        keeper: keeper.view(),
        storeBytes: measure.size()?.bytes ?? null,
        storePaths: measure.size()?.paths ?? null,
        environments: environments.environmentCount(),
        workspaces,
        underWay: environments.underWay(),
        totals,
        gc: collector.status(),
      },
    });
  }

  return {
    name,
    environments,
    imports,
    unavailable,
    isClearing: clearing.isUnderWay,
    migration,
    isBusy: (): boolean => environments.isBusy() || imports.isBusy() || clearing.isUnderWay() || collector.isUnderWay(),
    hasMoved: keeper.hasMoved,
    async reconcile(callOptions: CallOptions): Promise<CacheOutcome> {
      const before = `${keeper.failure()?.reason} ${migration()}`;
      const outcome = await keeper.reconcile(desired, callOptions);
      if (`${keeper.failure()?.reason} ${migration()}` !== before) changed();
      else report();
      if (outcome.operations === 0) {
        prewarm();
        await collector.sweep(callOptions);
        collector.consider();
      }
      return outcome;
    },
    releaseImages: (callOptions: CallOptions): Promise<number | null> =>
      imports.release(keeper.imagesInUse(), callOptions),
    foresee: (callOptions: CallOptions) => keeper.foresee(desired, callOptions),
    collect: (dryRun: boolean, onNews: (news: GcNews) => void): Promise<void> => collector.collect(dryRun, onNews),
    clear: (force: boolean, callOptions: CallOptions): Promise<string> => {
      measure.forget();
      return clearing.clear(force, callOptions);
    },
    /** A workspace's container was made on an environment that was there. */
    noteWarmStart(workspace: string): CacheUse | null {
      const known = environments.known(workspace);
      if (known === null) return null;
      const use = warmUse(known, 0);
      count(use);
      return use;
    },
    /** Takes over what the specs want; true when the cache's own spec has changed. */
    want(next: DesiredCache | null, users: readonly string[]): boolean {
      const isChanged = JSON.stringify(desired?.config ?? null) !== JSON.stringify(next?.config ?? null);
      const isTold =
        isChanged || users.join() !== workspaces.join() || desired?.problem?.message !== next?.problem?.message;
      if (isChanged) environments.forgetFailures();
      const before = profilesOf(desired, workspaces);
      desired = next;
      workspaces = users;
      if (next !== null) collector.noteNames(profilesOf(next, users), before);
      if (isTold) report();
      return isChanged;
    },
  };
}

/** Names of profiles that somebody wants. */
function profilesOf(desired: DesiredCache | null, workspaces: readonly string[]): readonly string[] {
  return (desired?.config.prewarm.length ?? 0) > 0 ? [...workspaces, PREWARM] : workspaces;
}
