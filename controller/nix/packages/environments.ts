import type { CallOptions } from '../../docker/port.js';
import type { CacheUse } from '../../model/cache-status.js';
import type { EmitCacheEvent } from '../../model/cache-event.js';
import type { Clock } from '../../model/clock.js';
import type { Failure } from '../../model/reasons.js';
import { useOf } from './accounts.js';
import { environmentRequest, keyOfPath, type EnvironmentRequest } from './environment-key.js';
import { createTurnstile, type Claim } from './flights.js';
import type { Inventory, KnownEnvironment } from '../keeper/keeper-answers.js';
import { commandFailure, type KeeperCommands, type RunningCommand } from '../keeper/keeper-commands.js';
import { progressWords } from './nix-log.js';
import { createProfiles } from './profiles.js';
import { createRetries } from './retries.js';

/** The profile that keeps prewarmed packages as roots; no workspace's name holds a dot. */
export const PREWARM = '.prewarm';

export interface EnvironmentsDependencies {
  readonly cache: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly calls: CallOptions;
  readonly emit: EmitCacheEvent;
  /** Nothing is under way any more. */
  readonly onIdle: () => void;
}

interface Flight extends Claim {
  readonly request: EnvironmentRequest;
  readonly packages: readonly string[];
  readonly workspaces: Set<string>;
  wants: ReadonlySet<string>;
  words: string;
  running: RunningCommand | null;
  isCancelled: boolean;
}

/** Environments and profiles of one cache: what is there, and how more of it gets there. */
export type Environments = ReturnType<typeof createEnvironments>;

export function createEnvironments(deps: EnvironmentsDependencies) {
  const { clock, emit, calls, cache } = deps;
  const turnstile = createTurnstile<Flight>();
  const retries = createRetries(clock, deps.random);
  const flights = new Map<string, Flight>();
  let known = new Map<string, KnownEnvironment>();
  let keeper: KeeperCommands | null = null;
  let isTold = false;
  /** While a collection is under way: what to ask for afterwards, by workspace. Null: nothing waits. */
  let held: Map<string, () => void> | null = null;
  /** Not even what a profile in use holds. */
  let isSealed = false;
  const profiles = createProfiles({
    clock,
    calls,
    keeper: () => keeper,
    cache,
    known: (key) => known.get(key),
    onFailed(key, error) {
      retries.failed(key, commandFailure(error, cache));
      known.delete(key);
    },
    emit,
    onIdle: tellIdle,
  });

  function request(workspace: string, nixpkgs: string, packages: readonly string[]): void {
    const asked = environmentRequest(nixpkgs, packages, { ranked: workspace === PREWARM });
    // An environment that a profile in use holds is a root already: whoever starts on it waits for nothing.
    if (held !== null && (isSealed || !(known.has(asked.key) && profiles.holds(asked.key))))
      return void held.set(workspace, () => request(workspace, nixpkgs, packages));
    const under = flights.get(asked.key);
    if (under !== undefined) return void under.workspaces.add(workspace);
    if (known.has(asked.key)) return profiles.link(asked.key, [workspace]);
    const rank = workspace === PREWARM ? 1 : 0;
    const flight: Flight = {
      request: asked,
      packages,
      rank,
      workspaces: new Set([workspace]),
      wants: new Set(),
      words: 'evaluating',
      running: null,
      isCancelled: false,
    };
    flights.set(asked.key, flight);
    void fly(flight);
  }

  async function fly(flight: Flight): Promise<void> {
    const { request: asked, packages, workspaces } = flight;
    const startedAt = clock.now();
    const seconds = () => (clock.now() - startedAt) / 1_000;
    const end = (failure: Failure | null, use: CacheUse | null) => {
      flights.delete(asked.key);
      emit({ type: 'realised', cache, workspaces: [...workspaces].sort(), packages, use, failure, seconds: seconds() });
      emit({ type: 'changed', cache, workspaces: [...workspaces] });
    };
    const using = keeper;
    if (using === null)
      return end({ reason: 'KeeperNotReady', message: `the keeper of the cache ${cache} is not ready` }, null);
    try {
      const { derivation, wants } = await using.resolve(asked, calls);
      flight.wants = wants;
      makeWay(flight);
      await turnstile.enter(flight);
      const onProgress = throttled(clock, (progress: Parameters<typeof progressWords>[0]) => {
        flight.words = progressWords(progress);
        emit({ type: 'realising', cache, workspaces: [...workspaces], words: flight.words });
      });
      const onStart = (command: RunningCommand) => {
        flight.running = command;
        if (flight.isCancelled) command.cancel();
      };
      const realised = await using.realise(asked, derivation, onProgress, onStart, calls);
      if (keeper !== using) return end(null, null);
      known.set(asked.key, realised.environment);
      retries.succeeded(asked.key);
      const use = useOf(realised, seconds());
      // Whoever joined got for nothing what the first one asked for.
      const [first, ...others] = [...workspaces];
      profiles.link(asked.key, others);
      profiles.link(asked.key, first === undefined ? [] : [first], use);
      end(null, use);
    } catch (error) {
      const failure = commandFailure(error, cache);
      if (flight.isCancelled) flights.delete(asked.key);
      else {
        retries.failed(asked.key, failure);
        end(failure, null);
      }
    } finally {
      turnstile.leave(flight);
      tellIdle();
    }
  }

  function tellIdle(): void {
    if (flights.size === 0 && !profiles.isBusy()) deps.onIdle();
  }

  /** Prewarming never keeps a workspace waiting: what it has fetched stays, and it is asked for again later. */
  function makeWay(flight: Flight): void {
    if (flight.rank > 0) return;
    for (const other of turnstile.inTheWayOf(flight)) {
      if (other.rank === 0 || other.isCancelled) continue;
      other.isCancelled = true;
      other.running?.cancel();
    }
  }

  return {
    request,
    profileKey: profiles.keyOf,
    /** False until a keeper has told what the profiles hold. */
    isTold: () => isTold,
    isKnown: (key: string) => known.has(key),
    known: (workspace: string) => known.get(profiles.keyOf(workspace) ?? '') ?? null,
    progressOf(workspace: string, key: string): string | null {
      const flight = flights.get(key);
      if (flight !== undefined && flight.workspaces.has(workspace)) return flight.words;
      if (held?.has(workspace) === true) return 'waiting for the end of the garbage collection';
      return profiles.isSwitching(workspace) ? 'switching the profile' : null;
    },
    failureOf: (key: string) => retries.of(key),
    /** Words of what is under way. */
    underWay: () =>
      [...flights.values()].map(({ workspaces, words }) => `${[...workspaces].sort().join(', ')}: ${words}`).sort(),
    isBusy: () => flights.size > 0 || profiles.isBusy() || (held?.size ?? 0) > 0,
    /** Whether a store path may be asked for or linked now that no root keeps yet. */
    isFlying: () => flights.size > 0 || profiles.isBusy(),
    /** From now on requests wait, but for what a profile in use holds. */
    hold: () => void (held ??= new Map()),
    seal: () => void (isSealed = true),
    unseal: () => void (isSealed = false),
    letGo(): void {
      isSealed = false;
      const waiting = held ?? new Map<string, () => void>();
      held = null;
      for (const ask of waiting.values()) ask();
      emit({ type: 'changed', cache, workspaces: [...waiting.keys()] });
    },
    /** These profiles are about to go; whoever wants one back asks for it. */
    dropProfiles: profiles.drop,
    /** Store paths that are gone, or about to go: an environment among them is to be realised again. */
    forget(paths: ReadonlySet<string>): void {
      for (const [key, { path }] of known) if (paths.has(path)) known.delete(key);
      profiles.drop(profiles.holding(paths));
    },
    isPrewarming: () => [...flights.values()].some(({ rank }) => rank > 0),
    inPlace: profiles.inPlace,
    profileNames: profiles.names,
    environmentCount: profiles.count,
    /** What a keeper that has just come up told of its volume. A failure that another keeper met says nothing of this one. */
    open(commands: KeeperCommands, inventory: Inventory): void {
      keeper = commands;
      isTold = true;
      profiles.reset(inventory.profiles);
      known = new Map(
        [...inventory.environments.values()].flatMap((one) =>
          keyOfPath(one.path) === null ? [] : [[keyOfPath(one.path)!, one] as const],
        ),
      );
      retries.clear();
    },
    /** The keeper is gone: what was under way ends with its commands. */
    close(): void {
      keeper = null;
    },
    /** The spec of the cache or of a workspace changed: stalled ones are worth another try. */
    forgetFailures: () => retries.clear(),
  };
}

const PROGRESS_EVERY_MS = 2_000;

/** The first at once, then at most one every two seconds. */
function throttled<T>(clock: Clock, tell: (value: T) => void): (value: T) => void {
  let toldAt = -Infinity;
  return (value) => {
    if (clock.now() - toldAt < PROGRESS_EVERY_MS) return;
    toldAt = clock.now();
    tell(value);
  };
}
