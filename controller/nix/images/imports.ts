import type { CallOptions } from '../../docker/port.js';
import { later, type Clock } from '../../model/clock.js';
import { FailureError, type Failure } from '../../model/reasons.js';
import { bareImageId, commandFailure, type KeeperCommands } from '../keeper/keeper-commands.js';

const RETRY_MS = 15_000;
/** Between the plan that found an image imported and the container that it makes of it. */
const KEPT_MS = 20_000;

/** Gives a container of the image for as long as `use` takes. */
export type WithSource = (use: (source: string) => Promise<void>) => Promise<void>;

export type Imports = ReturnType<typeof createImports>;

/** What of images' own stores is in one cache (F14). */
export function createImports(deps: {
  readonly cache: string;
  readonly clock: Clock;
  readonly commands: () => KeeperCommands | null;
  readonly unavailable: () => Failure | null;
  readonly onChange: () => void;
}) {
  const { cache, clock } = deps;
  /** Ids without `sha256:`. */
  let imported = new Set<string>();
  /** When a plan last asked for an imported image. */
  const askedAt = new Map<string, number>();
  const failures = new Map<string, Failure>();
  const under = new Map<string, Promise<void>>();
  /** While a collection is under way, imports wait for its end. */
  let held: { readonly end: Promise<void>; readonly go: () => void } | null = null;

  async function importOnce(imageId: string, withSource: WithSource, calls: CallOptions): Promise<void> {
    const using = deps.commands();
    try {
      if (using === null)
        throw new FailureError(deps.unavailable() ?? { reason: 'KeeperNotReady', message: 'the keeper is not ready' });
      await withSource(async (source) => void (await using.importImage(source, imageId, calls)));
      imported.add(bareImageId(imageId));
      failures.delete(imageId);
    } catch (error) {
      const why = commandFailure(error, cache);
      const isFull = why.reason === 'CacheDiskFull' || /no space left/i.test(why.message);
      const told: Failure = { reason: isFull ? 'CacheDiskFull' : 'ImageImportFailed', message: why.message };
      failures.set(imageId, told);
      later(clock, RETRY_MS, calls.signal, () => {
        failures.delete(imageId);
        deps.onChange();
      });
      throw new FailureError(told, { cause: error });
    }
  }

  return {
    /** Whoever asks is about to use it: it is not let go of for a while. */
    has(imageId: string): boolean {
      const id = bareImageId(imageId);
      askedAt.set(id, clock.now());
      return imported.has(id);
    },
    failureOf: (imageId: string): Failure | null => failures.get(imageId) ?? null,
    isBusy: () => under.size > 0,
    /** Once an image at a time; throws a `FailureError`. */
    async take(imageId: string, withSource: WithSource, calls: CallOptions): Promise<void> {
      while (held !== null) await held.end;
      const flight = under.get(imageId) ?? importOnce(imageId, withSource, calls).finally(() => under.delete(imageId));
      under.set(imageId, flight);
      await flight;
    },
    hold(): void {
      let go = () => {};
      held ??= { end: new Promise<void>((resolve) => (go = resolve)), go: () => go() };
    },
    letGo(): void {
      held?.go();
      held = null;
    },
    /** What a keeper that has come up told. */
    reset(images: ReadonlySet<string>): void {
      imported = new Set(images);
      failures.clear();
    },
    /** Lets go of those that are not in use: a later collection may take their paths. Gives when to look again, in ms. */
    async release(used: ReadonlySet<string>, calls: CallOptions): Promise<number | null> {
      const unused = [...imported].filter((id) => !used.has(id));
      const lapsed = unused.filter((id) => clock.now() - (askedAt.get(id) ?? -Infinity) >= KEPT_MS);
      const using = deps.commands();
      if (lapsed.length > 0 && under.size === 0 && using !== null) {
        for (const id of lapsed) imported.delete(id);
        await using.release(lapsed, calls);
      }
      return unused.some((id) => imported.has(id)) ? KEPT_MS : null;
    },
  };
}
