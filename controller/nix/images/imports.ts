import type { CallOptions } from '../../docker/port.js';
import { later, type Clock } from '../../model/clock.js';
import { FailureError, type Failure } from '../../model/reasons.js';
import { bareImageId } from '../../model/image-id.js';
import { commandFailure, type KeeperCommands } from '../keeper/keeper-commands.js';
import { isDiskFull } from '../keeper/keeper-exec.js';

/** How long a failed import is reported before it may be tried again, in ms. */
const RETRY_MS = 15_000;
/**
 * How long an image without a container stays imported, in ms: a plan that found it imported may be about to create a
 * container.
 */
const KEPT_MS = 20_000;

/** Calls `use` with a container of the image, which exists until `use` has ended. */
export type WithSource = (use: (source: string) => Promise<void>) => Promise<void>;

export type Imports = ReturnType<typeof createImports>;

/** Knows which images' stores have been imported into one cache, and imports more of them (F14). */
export function createImports(deps: {
  readonly cache: string;
  readonly clock: Clock;
  /** The commands of the keeper, or null when no keeper answers; `unavailable` says why then. */
  readonly commands: () => KeeperCommands | null;
  readonly unavailable: () => Failure | null;
  /** Called when a failed import may be tried again. */
  readonly onChange: () => void;
}) {
  const { cache, clock } = deps;
  const images: KnownImages = { imported: new Set(), leaving: new Set(), askedAt: new Map() };
  const failures = new Map<string, Failure>();
  const under = new Map<string, Promise<void>>();
  const gate = createGate();

  async function importOnce(imageId: string, withSource: WithSource, calls: CallOptions): Promise<void> {
    const using = deps.commands();
    try {
      if (using === null)
        throw new FailureError(deps.unavailable() ?? { reason: 'KeeperNotReady', message: 'the keeper is not ready' });
      await withSource(async (source) => void (await using.importImage(source, imageId, calls)));
      images.imported.add(bareImageId(imageId));
      images.leaving.delete(bareImageId(imageId));
      failures.delete(imageId);
    } catch (error) {
      const failure = importFailure(error, cache);
      failures.set(imageId, failure);
      later(clock, RETRY_MS, calls.signal, () => {
        failures.delete(imageId);
        deps.onChange();
      });
      throw new FailureError(failure, { cause: error });
    }
  }

  return {
    /** Whether the image is imported. The caller is about to use it, so the image is not released for a while. */
    has(imageId: string): boolean {
      const id = bareImageId(imageId);
      images.askedAt.set(id, clock.now());
      return images.imported.has(id);
    },
    /** Why the last import of the image failed; null when it did not fail, or may be tried again. */
    failureOf: (imageId: string): Failure | null => failures.get(imageId) ?? null,
    /** Whether an import is under way; one that waits for the end of a collection does not count. */
    isBusy: () => under.size > 0,
    /** Imports the image, or joins the import that is already under way. Throws a `FailureError`. */
    async take(imageId: string, withSource: WithSource, calls: CallOptions): Promise<void> {
      await gate.passed();
      const flight = under.get(imageId) ?? importOnce(imageId, withSource, calls).finally(() => under.delete(imageId));
      under.set(imageId, flight);
      await flight;
    },
    /** Makes imports wait until `letGo`, because a collection begins. */
    hold: gate.hold,
    letGo: gate.letGo,
    /** Takes over what a newly started keeper has reported: the ids of the images in its store, without `sha256:`. */
    reset(told: ReadonlySet<string>): void {
      images.imported = new Set(told);
      images.leaving.clear();
      failures.clear();
    },
    /**
     * Releases imported images that no container uses any more, so that a later collection may delete their paths.
     * `used` contains ids without `sha256:`. Returns after how many ms to look again, or null when nothing is left to
     * release.
     */
    release: (used: ReadonlySet<string>, calls: CallOptions): Promise<number | null> =>
      releaseUnused(images, used, clock.now(), under.size === 0 ? deps.commands() : null, calls),
  };
}

/** Of one cache; ids are without `sha256:`. */
interface KnownImages {
  imported: Set<string>;
  /** Released here, and perhaps not in the keeper yet: a release that failed is made once more. */
  readonly leaving: Set<string>;
  /** When a plan last requested each imported image, in ms of our clock. */
  readonly askedAt: Map<string, number>;
}

/** See `release`; `commands` is null while nothing can be released. */
async function releaseUnused(
  { imported, leaving, askedAt }: KnownImages,
  used: ReadonlySet<string>,
  now: number,
  commands: KeeperCommands | null,
  calls: CallOptions,
): Promise<number | null> {
  const unused = [...imported].filter((id) => !used.has(id));
  const lapsed = unused.filter((id) => now - (askedAt.get(id) ?? -Infinity) >= KEPT_MS);
  if (lapsed.length + leaving.size > 0 && commands !== null) {
    for (const id of lapsed) {
      imported.delete(id);
      leaving.add(id);
    }
    const ids = [...leaving];
    await commands.release(ids, calls);
    for (const id of ids) leaving.delete(id);
  }
  return leaving.size > 0 || unused.some((id) => imported.has(id)) ? KEPT_MS : null;
}

/** A gate at which imports wait while a collection is under way. */
function createGate() {
  let held: { readonly end: Promise<void>; readonly go: () => void } | null = null;
  return {
    hold(): void {
      let go = () => {};
      held ??= { end: new Promise<void>((resolve) => (go = resolve)), go: () => go() };
    },
    letGo(): void {
      held?.go();
      held = null;
    },
    /**
     * Resolves when the gate is open. It checks again after each wait, because another collection may begin right when
     * one ends.
     */
    async passed(): Promise<void> {
      while (held !== null) await held.end;
    },
  };
}

function importFailure(error: unknown, cache: string): Failure {
  const { reason, message } = commandFailure(error, cache);
  const isFull = reason === 'CacheDiskFull' || isDiskFull(message);
  return { reason: isFull ? 'CacheDiskFull' : 'ImageImportFailed', message };
}
