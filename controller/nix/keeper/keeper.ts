import type { CallOptions, DockerPort } from '../../docker/port.js';
import type { Clock } from '../../model/clock.js';
import type { CacheOutcome } from '../../model/cache-status.js';
import type { DesiredCache } from '../../model/desired.js';
import type { ObservedContainer } from '../../model/engine-objects.js';
import { LABEL, cacheVolumeName, keeperName, keeperSeedName, nextKeeperName, scannerName } from '../../model/names.js';
import type { Failure } from '../../model/reasons.js';
import type { EngineView } from '../../observe/engine-view.js';
import type { Operation } from '../../plan/types.js';
import type { Inventory } from './keeper-answers.js';
import { bareImageId, commandFailure, createKeeperCommands, type KeeperCommands } from './keeper-commands.js';
import { keeperDefinition, keeperHash, seedDefinition } from './keeper-definition.js';
import { createKeeperStarts } from './keeper-starts.js';
import { planKeeper, type KeeperInput, type KeeperPlan } from '../../plan/keeper.js';

/** Runs a plan; the first failure ends it. */
export type ExecutePlan = (
  key: string,
  operations: readonly Operation[],
  calls: CallOptions,
) => Promise<{ readonly failure: Failure | null }>;

export interface KeeperDependencies {
  readonly cache: string;
  readonly docker: DockerPort;
  readonly clock: Clock;
  readonly instance: string;
  readonly view: Pick<EngineView, 'containers' | 'volumes'>;
  readonly execute: ExecutePlan;
  /** The id of the image when it brings a Nix store of its own and is on the engine. */
  readonly imageWithStore: (reference: string, calls: CallOptions) => Promise<string | null>;
  /** Its daemon answers from now on. */
  readonly onUp: (commands: KeeperCommands, inventory: Inventory) => void;
  /** It is not to be asked any more. */
  readonly onDown: () => void;
}

interface Up {
  readonly id: string;
  readonly startedAt: number | null;
  readonly commands: KeeperCommands;
  readonly nixVersion: string;
}

const LAST_WORDS = 6;
const LONGEST_FAILURE = 400;

export type Keeper = ReturnType<typeof createKeeper>;

/** The keeper of one cache as a reconciled object: made, killed, changed, its volume gone, it converges by the same look. */
export function createKeeper(deps: KeeperDependencies) {
  const { cache, docker, view } = deps;
  const key = `cache ${cache}`;
  const own: ReadonlySet<string> = new Set([
    keeperName(cache),
    nextKeeperName(cache),
    keeperSeedName(cache),
    scannerName(cache),
  ]);
  const starts = createKeeperStarts(deps.clock);
  let up: Up | null = null;
  let failure: Failure | null = null;
  let message = 'it has not been looked at yet';
  let container: ObservedContainer | null = null;
  let users: readonly ObservedContainer[] = [];
  let imagesInUse: ReadonlySet<string> = new Set();
  let imageAbsent = false;
  let failed: KeeperInput['failed'] = null;

  async function observe(
    desired: DesiredCache | null,
    calls: CallOptions,
  ): Promise<Pick<KeeperInput, 'main' | 'next' | 'seed'>> {
    const [main, next] = await Promise.all([
      docker.inspectContainer(keeperName(cache), calls),
      docker.inspectContainer(nextKeeperName(cache), calls),
      listUsers(calls),
    ]);
    container = main ?? next;
    return { main, next, seed: await observeSeed(desired, main, calls) };
  }

  /** Only an image that is there can be looked into: one that has to be pulled first fails its start once. */
  async function observeSeed(
    desired: DesiredCache | null,
    main: ObservedContainer | null,
    calls: CallOptions,
  ): Promise<KeeperInput['seed']> {
    const isServing =
      main?.state === 'running' && desired !== null && main.labels[LABEL.specHash] === keeperHash(desired.config);
    if (desired === null || isServing) return null;
    const imageId = await deps.imageWithStore(desired.config.image, calls);
    if (imageId === null) return null;
    const name = keeperSeedName(cache);
    return {
      name,
      definition: seedDefinition(desired, imageId),
      container: await docker.inspectContainer(name, calls),
    };
  }

  function planned(
    desired: DesiredCache | null,
    seen: Pick<KeeperInput, 'main' | 'next' | 'seed'>,
    nextProven: boolean,
  ): KeeperPlan {
    return planKeeper({
      cache,
      instance: deps.instance,
      wanted:
        desired === null
          ? null
          : {
              definition: keeperDefinition(desired, deps.instance),
              hash: keeperHash(desired.config),
              isImplicit: desired.location === null,
            },
      ...seen,
      volume: view.volumes.get(cacheVolumeName(cache)),
      users,
      imageAbsent,
      failed,
      nextProven,
      restartInMs: starts.waitMs(),
    });
  }

  /** Containers in any state, ours or not, that mount the volume; keepers aside. Asked anew: a keeper may empty the volume. */
  async function listUsers(calls: CallOptions): Promise<readonly ObservedContainer[]> {
    const listed = await docker.listContainers({}, calls);
    imagesInUse = new Set(listed.map(({ imageId }) => bareImageId(imageId)));
    users = listed.filter(
      ({ name, mounts }) =>
        !own.has(name) && mounts.some(({ type, source }) => type === 'volume' && source === cacheVolumeName(cache)),
    );
    return users;
  }

  /** One look: what the keeper is, what it should be, and a step on the way there. */
  async function reconcile(desired: DesiredCache | null, calls: CallOptions): Promise<CacheOutcome> {
    const seen = await observe(desired, calls);
    const first = planned(desired, seen, false);
    const plan = first.toProve !== null && (await answers(first.toProve, calls)) ? planned(desired, seen, true) : first;
    if (plan.giveUp !== null)
      failed = { hash: plan.giveUp.hash, failure: await withLastWords(plan.giveUp.failure, seen.next, calls) };
    if (plan.operations.length > 0) return act(plan, calls);
    if (plan.usable === null) {
      const why =
        plan.failure?.reason === 'KeeperNotReady'
          ? await withLastWords(plan.failure, seen.seed?.container ?? seen.main, calls)
          : plan.failure;
      lose(why, desired === null ? 'nothing names the cache' : 'it is not up yet');
      return { operations: 0, failure, recheckMs: plan.recheckMs };
    }
    await use(plan.usable, calls);
    if (up !== null) failure = plan.failure;
    return { operations: 0, failure, recheckMs: null };
  }

  async function act({ operations, failure: why }: KeeperPlan, calls: CallOptions): Promise<CacheOutcome> {
    if (operations.some(({ type }) => type !== 'rename-container' && type !== 'create-volume'))
      lose(why, operations[0]?.cause ?? '');
    if (operations.some(({ type }) => type === 'start-container')) starts.note();
    const result = await deps.execute(key, operations, calls);
    if (operations.some(({ type }) => type === 'pull-image')) imageAbsent = false;
    const isFoundAbsent =
      result.failure?.reason === 'ImageMissing' && !operations.some(({ type }) => type === 'pull-image');
    if (isFoundAbsent) imageAbsent = true;
    if (result.failure === null || isFoundAbsent) return { operations: operations.length, failure: null, recheckMs: 0 };
    lose({ reason: 'KeeperNotReady', message: result.failure.message }, '');
    return { operations: operations.length, failure, recheckMs: null };
  }

  async function use(keeper: ObservedContainer, calls: CallOptions): Promise<void> {
    const startedAt = keeper.details?.startedAt ?? null;
    if (up !== null && up.id === keeper.id && up.startedAt === startedAt) return;
    const commands = createKeeperCommands(docker, keeper.id, deps.clock);
    try {
      const inventory = await commands.inventory(calls);
      up = { id: keeper.id, startedAt, commands, nixVersion: inventory.nixVersion };
      failure = null;
      deps.onUp(commands, inventory);
    } catch (error) {
      lose(await withLastWords(commandFailure(error, cache), keeper, calls), '');
    }
  }

  async function answers(keeper: ObservedContainer, calls: CallOptions): Promise<boolean> {
    try {
      await createKeeperCommands(docker, keeper.id, deps.clock).inventory(calls);
      return true;
    } catch (error) {
      commandFailure(error, cache);
      return false;
    }
  }

  /** What the keeper said before it ended is what a person has to read. */
  async function withLastWords(found: Failure, keeper: ObservedContainer | null, calls: CallOptions): Promise<Failure> {
    if (keeper === null) return found;
    const lines = (await docker.tailContainer(keeper.id, LAST_WORDS, calls).catch(() => '')).split('\n');
    const words =
      lines.findLast((line) => line.startsWith('kalpana-keeper: ') || /error/i.test(line)) ?? lines.at(-1) ?? '';
    return words === ''
      ? found
      : { ...found, message: `${found.message}: ${words.replace('kalpana-keeper: ', '')}`.slice(0, LONGEST_FAILURE) };
  }

  function lose(why: Failure | null, words: string): void {
    const was = up;
    was?.commands.leave();
    up = null;
    failure = why;
    message = words;
    if (was !== null) deps.onDown();
  }

  return {
    reconcile,
    listUsers,
    /** As they were listed last. */
    users: () => users,
    /** Ids without `sha256:`, of containers in any state on the engine. */
    imagesInUse: () => imagesInUse,
    /** For a plan: what it is and should be, and what it tells; nothing is changed. */
    async foresee(desired: DesiredCache | null, calls: CallOptions): Promise<KeeperPlan> {
      const plan = planned(desired, await observe(desired, calls), false);
      if (plan.usable !== null) await use(plan.usable, calls);
      return plan;
    },
    commands: (): KeeperCommands | null => up?.commands ?? null,
    /** Null: it can be asked. */
    unavailable: (): Failure | null =>
      up !== null
        ? null
        : (failure ?? {
            reason: 'KeeperNotReady',
            message: `the keeper of the cache ${cache} is not ready: ${message}`,
          }),
    failure: () => failure,
    message: () => message,
    view: () =>
      container === null
        ? null
        : { id: container.id, image: container.image, state: container.state, nixVersion: up?.nixVersion ?? null },
    /** What was listed is another keeper than the one that answered. */
    hasMoved: (listed: ObservedContainer | undefined): boolean =>
      up === null || listed?.id !== up.id || listed.state !== 'running',
    /** Ends it; the next look starts it again. */
    async stop(why: string, calls: CallOptions): Promise<void> {
      const was = up;
      lose(null, why);
      if (was === null) return;
      await docker.stopContainer(was.id, GRACE_SECONDS, calls);
      // A look in between may have met it once more.
      if (up?.id === was.id && up.startedAt === was.startedAt) lose(null, why);
    },
  };
}

const GRACE_SECONDS = 10;
