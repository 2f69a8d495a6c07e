import type { CallOptions } from '../docker/port.js';
import { later, type Clock } from '../model/clock.js';
import { FailureError, type Failure } from '../model/reasons.js';
import { bareImageId, commandFailure, type KeeperCommands } from './keeper-commands.js';

const RETRY_MS = 15_000;

/** Gives a container of the image for as long as `use` takes. */
export type WithSource = (use: (source: string) => Promise<void>) => Promise<void>;

/** What of images' own stores is in one cache (F14). */
export function createImports(deps: { readonly cache: string; readonly clock: Clock; readonly commands: () => KeeperCommands | null; readonly unavailable: () => Failure | null; readonly onChange: () => void }) {
  const { cache, clock } = deps;
  /** Ids without `sha256:`. */
  let imported = new Set<string>();
  const failures = new Map<string, Failure>();
  const under = new Map<string, Promise<void>>();

  async function importOnce(imageId: string, withSource: WithSource, calls: CallOptions): Promise<void> {
    const using = deps.commands();
    try {
      if (using === null) throw new FailureError(deps.unavailable() ?? { reason: 'KeeperNotReady', message: 'the keeper is not ready' });
      await withSource(async (source) => void (await using.importImage(source, imageId, calls)));
      imported.add(bareImageId(imageId));
      failures.delete(imageId);
    } catch (error) {
      const why = commandFailure(error, cache);
      const told: Failure = why.reason === 'CacheDiskFull' ? why : { reason: 'ImageImportFailed', message: why.message };
      failures.set(imageId, told);
      later(clock, RETRY_MS, calls.signal, () => {
        failures.delete(imageId);
        deps.onChange();
      });
      throw new FailureError(told, { cause: error });
    }
  }

  return {
    has: (imageId: string): boolean => imported.has(bareImageId(imageId)),
    failureOf: (imageId: string): Failure | null => failures.get(imageId) ?? null,
    isBusy: () => under.size > 0,
    /** Once an image at a time; throws a `FailureError`. */
    async take(imageId: string, withSource: WithSource, calls: CallOptions): Promise<void> {
      const flight = under.get(imageId) ?? importOnce(imageId, withSource, calls).finally(() => under.delete(imageId));
      under.set(imageId, flight);
      await flight;
    },
    /** What a keeper that has come up told. */
    reset(images: ReadonlySet<string>): void {
      imported = new Set(images);
      failures.clear();
    },
    /** Lets go of those that nothing on the engine uses: a later collection may take their paths. */
    async release(isUsed: (bareId: string) => boolean, calls: CallOptions): Promise<void> {
      const unused = [...imported].filter((id) => !isUsed(id));
      if (unused.length === 0 || under.size > 0) return;
      await deps.commands()?.release(unused, calls);
      for (const id of unused) imported.delete(id);
    },
  };
}
