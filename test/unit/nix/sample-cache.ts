import type { CacheEvent } from '../../../controller/model/cache-event.js';
import type { CacheOutcome } from '../../../controller/model/cache-status.js';
import type { DesiredWorkspace } from '../../../controller/model/desired.js';
import type { Failure } from '../../../controller/model/reasons.js';
import { createCacheSpecs } from '../../../controller/nix/cache-specs.js';
import type { CacheContext } from '../../../controller/nix/cache-context.js';
import { NO_TOTALS } from '../../../controller/nix/packages/accounts.js';
import type { FailedBefore } from '../../../controller/nix/packages/retries.js';
import { createManualClock } from '../../support/manual-clock.js';
import { cache } from './samples.js';

/** A look that found everything as it should be. */
export const SETTLED: CacheOutcome = { operations: 0, failure: null, recheckMs: null };

/** What is true of a cache; everything is well unless a test says otherwise. */
export interface CacheFacts {
  desired?: ReturnType<typeof cache> | null;
  workspaces?: readonly string[];
  isClearing?: boolean;
  isBusy?: boolean;
  isUp?: boolean;
  unavailable?: Failure | null;
  keeperFailure?: Failure | null;
  users?: ReturnType<CacheContext['keeper']['users']>;
  hasInventory?: boolean;
  /** Keys of environments by profile. */
  profiles?: Readonly<Record<string, string>>;
  known?: readonly string[];
  /** What the store itself tells of the packages of a profile. */
  toldPackages?: readonly string[];
  progress?: string | null;
  failed?: FailedBefore | null;
  /** Image ids and whether each brings a store; others were not looked at. */
  images?: Readonly<Record<string, boolean>>;
  imported?: readonly string[];
  importFailure?: Failure | null;
  isForesight?: boolean;
  /** What a look at the keeper does and finds; it may change the facts. */
  look?: () => CacheOutcome;
  /** Ids of the images of all containers. */
  imagesInUse?: readonly string[];
  /** After how long imported images are to be looked at again. */
  releaseAgainMs?: number | null;
  isCollecting?: boolean;
  isImporting?: boolean;
  isVerifying?: boolean;
}

/** The context of the cache `team` as far as its own functions ask, with what it was asked to do. */
export function sampleCache(facts: CacheFacts) {
  const events: CacheEvent[] = [];
  const asked: string[] = [];
  const clock = createManualClock(0);
  const specs = createCacheSpecs();
  specs.take(facts.desired === undefined ? cache() : facts.desired, facts.workspaces ?? []);
  const context = {
    name: 'team',
    specs,
    keeper: {
      commands: () => (facts.isUp === false ? null : {}),
      failure: () => facts.keeperFailure ?? null,
      unavailable: () => facts.unavailable ?? null,
      message: () => 'it is not up yet',
      users: () => facts.users ?? [],
      view: () => null,
      imagesInUse: () => new Set(facts.imagesInUse ?? []),
      reconcile: async () => facts.look?.() ?? SETTLED,
    },
    environments: {
      isBusy: () => facts.isBusy ?? false,
      hasInventory: () => facts.hasInventory ?? true,
      isKnown: (key: string) => (facts.known ?? []).includes(key),
      known: () =>
        facts.toldPackages === undefined ? null : { path: '', paths: 0, bytes: 0, packages: facts.toldPackages },
      profileKey: (workspace: string) => facts.profiles?.[workspace] ?? null,
      progressOf: () => facts.progress ?? null,
      failureOf: () => facts.failed ?? null,
      environmentCount: () => 0,
      underWay: () => [],
      request: (...args: unknown[]) => void asked.push(`request ${args.join(' ')}`),
      forgetFailures: () => void asked.push('forget failures'),
    },
    imports: {
      has: (imageId: string) => (facts.imported ?? []).includes(imageId),
      failureOf: () => facts.importFailure ?? null,
      isBusy: () => facts.isImporting ?? false,
      async release(used: ReadonlySet<string>) {
        asked.push(`release all but ${[...used].join()}`);
        return facts.releaseAgainMs ?? null;
      },
    },
    measure: { size: () => null, soon: () => void asked.push('measure') },
    totals: { current: () => NO_TOTALS, add: () => void asked.push('add') },
    clearing: { isUnderWay: () => facts.isClearing ?? false },
    collector: {
      status: () => null,
      isUnderWay: () => facts.isCollecting ?? false,
      sweep: async () => void asked.push('sweep'),
      consider: () => void asked.push('consider'),
      noteNames: (names: readonly string[], before: readonly string[]) =>
        void asked.push(`names ${names.join()}, before ${before.join()}`),
    },
    verifier: {
      status: () => null,
      isUnderWay: () => facts.isVerifying ?? false,
      consider: () => void asked.push('consider a verification'),
    },
    shared: {
      clock,
      calls: {},
      isForesight: facts.isForesight ?? false,
      images: { bringsStore: (imageId: string) => facts.images?.[imageId] },
      uses: { noteLinked: (workspace: string) => void asked.push(`uses ${workspace}`) },
      emit: (event: CacheEvent) => void events.push(event),
    },
  } as unknown as CacheContext;
  return { context, events, asked, clock };
}

/** A workspace of the cache `team`. */
export function workspaceOf(name: string, packages: readonly string[], image = 'debian:12'): DesiredWorkspace {
  return { name, packages, creation: { cache: 'team', image } } as unknown as DesiredWorkspace;
}
