import { EngineError, type CallOptions, type DockerPort } from '../../docker/port.js';
import type { Clock } from '../../model/clock.js';
import { FailureError, type Failure } from '../../model/reasons.js';
import type { RealisationProgress } from '../packages/nix-log.js';
import type { EnvironmentRequest } from '../packages/environment-key.js';
import { realiseEnvironment, resolveEnvironment, type Resolved, type RunningCommand } from './environment-commands.js';
import { importImage, releaseImages } from './image-commands.js';
import { inventoryFrom, storeSizeFrom, type Inventory, type Realised, type StoreSize } from './keeper-answers.js';
import { createKeeperExec, isDiskFull } from './keeper-exec.js';
import { createLinkCommands } from './link-commands.js';
import * as scripts from './scripts.js';

export type { Resolved, RunningCommand } from './environment-commands.js';

export type KeeperCommands = ReturnType<typeof createKeeperCommands>;

/**
 * The commands that the controller runs in one keeper. Each throws a `FailureError` when it fails in the keeper, and an
 * `EngineError` when the engine cannot run it; see `commandFailure`.
 */
export function createKeeperCommands(docker: DockerPort, keeperId: string, clock: Clock) {
  const exec = createKeeperExec(docker, keeperId);
  const links = createLinkCommands(docker, exec, keeperId, clock);
  return {
    keeperId,
    ...links,

    /** Reads what the volume contains. It succeeds as soon as the keeper's daemon is up and fails before that. */
    async inventory(calls: CallOptions): Promise<Inventory> {
      const what = 'the Nix daemon does not answer';
      return inventoryFrom(await exec.told(scripts.INVENTORY_SCRIPT, scripts.ROOT_USER, {}, what, calls));
    },
    /** See `resolveEnvironment`. */
    resolve: (request: EnvironmentRequest, calls: CallOptions): Promise<Resolved> =>
      resolveEnvironment(exec, request, calls),
    /** See `realiseEnvironment`. */
    realise: (
      request: EnvironmentRequest,
      derivation: string,
      onProgress: (progress: RealisationProgress) => void,
      onStart: (command: RunningCommand) => void,
      calls: CallOptions,
    ): Promise<Realised> => realiseEnvironment(exec, { request, derivation, onProgress, onStart }, calls),
    /** Measures the space that the store takes on the disk, which reads the whole directory tree. */
    async measure(calls: CallOptions): Promise<StoreSize> {
      const what = 'the store could not be measured';
      return storeSizeFrom(await exec.told(scripts.MEASURE_SCRIPT, scripts.ROOT_USER, {}, what, calls));
    },
    /** See `importImage`. */
    importImage: (source: string, imageId: string, calls: CallOptions): Promise<number> =>
      importImage(docker, exec, { source, imageId, keeperId }, calls),
    /** See `releaseImages`. */
    release: (imageIds: readonly string[], calls: CallOptions): Promise<void> => releaseImages(exec, imageIds, calls),
    /** Marks the volume, so that the next keeper that starts empties it first. */
    async requestWipe(calls: CallOptions): Promise<void> {
      await exec.told(scripts.WIPE_SCRIPT, scripts.ROOT_USER, {}, 'the cache could not be marked', calls);
    },
  };
}

/**
 * Converts the error of a command into a failure for those who use the cache. Rethrows an error that no command throws.
 */
export function commandFailure(error: unknown, cache: string): Failure {
  if (error instanceof FailureError) return error.failure;
  if (error instanceof EngineError)
    return {
      // Nix 2.34 reports that its database is full, and then hangs.
      reason: isDiskFull(error.message) ? 'CacheDiskFull' : 'KeeperNotReady',
      message: `the keeper of the cache ${cache} went away: ${error.message}`,
    };
  throw error;
}
