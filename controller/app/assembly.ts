import { join } from 'node:path';
import { createAfterwards } from '../apply/afterwards.js';
import { createExecutor } from '../apply/executor.js';
import { classifyCall } from '../apply/failures.js';
import { createGivenUpStore } from '../state/given-up.js';
import { createHeldRemovals } from '../state/held-removals.js';
import { createImagePuller } from '../apply/image-puller.js';
import { createStateFile } from '../state/state-file.js';
import type { DockerPort } from '../docker/port.js';
import { createController } from '../reconcile/controller.js';
import type { Controller } from '../reconcile/controller-types.js';
import type { ControllerListener } from '../reconcile/interfaces.js';
import type { Clock } from '../model/clock.js';
import type { PullProgress } from '../model/engine-objects.js';
import type { GcNews } from '../model/gc-status.js';
import type { VerifyNews } from '../model/verify-status.js';
import type { OperationResult } from '../apply/executor.js';
import { createCacheTotals, createGcRecords, createImageRecord, createVerifyRecords } from '../state/cache-records.js';
import { createCaches } from '../nix/caches.js';
import type { GcRecord } from '../nix/gc/record.js';
import type { VerifyRecord } from '../nix/verify/record.js';
import { findPortHolder } from '../observe/port-holder.js';
import { isStorageGone } from '../observe/storage.js';
import { createEngineView } from '../observe/engine-view.js';
import type { SpecSources } from '../reconcile/interfaces.js';

/**
 * Every tenth resync is deep: it inspects every container, which shows what a list does not (limits, the directory of
 * the data volume).
 */
const DEEP_EVERY = 10;

/** What a controller is assembled from. Times are in ms. */
export interface AssemblyOptions {
  readonly docker: DockerPort;
  readonly sources: SpecSources;
  readonly instance: string;
  readonly stateDir: string;
  readonly concurrency: number;
  readonly resyncMs: number;
  readonly allowPrune: boolean;
  /** The controller converges once and ends; no collection runs by schedule. */
  readonly once: boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly listener: ControllerListener;
  readonly onOperation: (key: string, result: OperationResult) => void;
  readonly onPullProgress: (key: string, progress: PullProgress) => void;
  /** Called when a file of the state directory cannot be written; work goes on without it. */
  readonly onStateError: (error: Error) => void;
}

/** The controller, with the operations on caches that a person can request. */
export interface AssembledController extends Controller {
  /** Empties a cache and returns a message for the person; throws an error of one line when the request is refused. */
  clearCache(cache: string, force: boolean): Promise<string>;
  /**
   * Collects the garbage of a cache; the last `onNews` message is the result. Throws an error of one line when there is
   * no such cache.
   */
  collect(cache: string, options: { readonly dryRun: boolean }, onNews: (news: GcNews) => void): Promise<void>;
  /**
   * Looks through the whole store of a cache; the last `onNews` message is the result. Throws an error of one line when
   * there is no such cache.
   */
  verify(cache: string, options: { readonly repair: boolean }, onNews: (news: VerifyNews) => void): Promise<void>;
}

/**
 * Connects the rooms into one controller and does not start it; the caller provides the engine, the sources and the
 * listener.
 */
export function assembleController(options: AssemblyOptions): AssembledController {
  const { docker, sources, clock, random, listener } = options;
  const view = createEngineView(docker);
  const images = createImagePuller(docker);
  const afterwards = createAfterwards();
  const stateFile = (name: string) => createStateFile(join(options.stateDir, name), options.onStateError);
  const ended = new AbortController();
  const calls = { signal: ended.signal };
  const totals = createCacheTotals(stateFile('cache-totals.json'));
  const gcRecords = createGcRecords<GcRecord>(stateFile('gc.json'));
  const caches = createCaches({
    docker,
    clock,
    random,
    instance: options.instance,
    view,
    calls,
    execute: (key, operations, callOptions) => execute(key, operations, callOptions),
    imageRecord: createImageRecord(stateFile('images.json')),
    totalsRecord: totals.of,
    gcRecord: gcRecords.of,
    verifyRecord: createVerifyRecords<VerifyRecord>(stateFile('verify.json')).of,
    isForesight: false,
    isOnce: options.once,
    emit(event) {
      listener.cacheEvent(event);
      if (event.type === 'realising') controller.reportAgain(event.workspaces);
      if (event.type === 'changed') controller.wake(event.workspaces, 'packages');
    },
  });
  const execute = createExecutor({
    docker,
    images,
    caches,
    afterwards,
    clock,
    onVolume: (volume) => view.noteVolume(volume.name, volume),
    onResult(key, result) {
      if (result.failure === null) controller.noteOperation(key, result.operation);
      if (result.failure === null && result.operation.type === 'create-container') caches.noteCreated(key);
      if (result.failure === null && result.operation.type === 'remove-volume')
        view.noteVolume(result.operation.volume, null);
      options.onOperation(key, result);
    },
    onPullProgress: options.onPullProgress,
  });
  const controller: Controller = createController({
    instance: options.instance,
    concurrency: options.concurrency,
    resyncMs: options.resyncMs,
    deepEvery: DEEP_EVERY,
    allowPrune: options.allowPrune,
    clock,
    random,
    sources,
    view,
    events: docker,
    execute,
    caches: { ...caches, isBusy: () => caches.isBusy() || afterwards.isBusy() },
    inspectImage: (reference, callOptions) => docker.inspectImage(reference, callOptions),
    heldRemovals: createHeldRemovals(stateFile('held-removals.json')),
    givenUp: createGivenUpStore(stateFile('given-up.json')),
    checkStorage: (containerId, mountPath, calls) => isStorageGone(docker, containerId, mountPath, calls),
    findPortHolder,
    isPulling: images.isPulling,
    readOutput: (containerId, lines, calls) => docker.tailContainer(containerId, lines, calls),
    classify: classifyCall,
    listener,
  });
  return {
    ...controller,
    async stop(graceMs) {
      await controller.stop(graceMs);
      ended.abort();
    },
    clearCache: (cache, force) => caches.clear(cache, force, calls),
    collect: (cache, { dryRun }, onNews) => caches.collect(cache, dryRun, onNews),
    verify: (cache, { repair }, onNews) => caches.verify(cache, repair, onNews),
  };
}
