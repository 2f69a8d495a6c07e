import type { CallOptions } from '../docker/port.js';
import type { CacheUse } from '../model/cache.js';
import type { Clock } from '../model/clock.js';
import { delay } from '../model/clock.js';
import type { Failure } from '../model/reasons.js';
import { useOf, warmUse } from './accounts.js';
import { environmentRequest, keyOfPath, type EnvironmentRequest } from './environment-key.js';
import { createTurnstile, type Claim } from './flights.js';
import { commandFailure, progressWords, type Inventory, type KeeperCommands, type KnownEnvironment, type RunningCommand } from './keeper-commands.js';
import { createRetries } from './retries.js';

/** The profile that keeps prewarmed packages as roots; no workspace's name holds a dot. */
export const PREWARM = '.prewarm';

/** What the environments of one cache tell the outside. */
export interface EnvironmentEvents {
  /** A workspace's profile holds its environment now. */
  onLinked(workspace: string, use: CacheUse): void;
  /** An environment was realised for these workspaces, or failed. */
  onRealised(result: { readonly workspaces: readonly string[]; readonly packages: readonly string[]; readonly use: CacheUse | null; readonly failure: Failure | null; readonly seconds: number }): void;
  onProgress(workspaces: readonly string[], words: string): void;
  /** Look at these workspaces again. */
  onChange(workspaces: readonly string[]): void;
  /** Nothing is under way any more. */
  onIdle(): void;
}

export interface EnvironmentsDependencies {
  readonly cache: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly calls: CallOptions;
  readonly events: EnvironmentEvents;
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
  const { clock, events, calls, cache } = deps;
  const turnstile = createTurnstile<Flight>();
  const retries = createRetries(clock, deps.random);
  const flights = new Map<string, Flight>();
  /** Environment paths by workspace. */
  let profiles = new Map<string, string>();
  let known = new Map<string, KnownEnvironment>();
  let keeper: KeeperCommands | null = null;
  let isTold = false;
  /** Workspaces that wait to be linked, by environment key. */
  const linking = new Map<string, Map<string, number>>();
  let links: Promise<void> | null = null;
  const switching = new Set<string>();
  /** What the realisation came to, for the workspace that asked first. */
  const firstUses = new Map<string, CacheUse>();
  const waiters = new Map<string, Set<() => void>>();

  function request(workspace: string, nixpkgs: string, packages: readonly string[]): void {
    const asked = environmentRequest(nixpkgs, packages, { ranked: workspace === PREWARM });
    const under = flights.get(asked.key);
    if (under !== undefined) return void under.workspaces.add(workspace);
    if (known.has(asked.key)) return link(asked.key, [workspace]);
    const rank = workspace === PREWARM ? 1 : 0;
    const flight: Flight = { request: asked, packages, rank, workspaces: new Set([workspace]), wants: new Set(), words: 'evaluating', running: null, isCancelled: false };
    flights.set(asked.key, flight);
    void fly(flight);
  }

  async function fly(flight: Flight): Promise<void> {
    const { request: asked, packages, workspaces } = flight;
    const startedAt = clock.now();
    const seconds = () => (clock.now() - startedAt) / 1_000;
    const end = (failure: Failure | null, use: CacheUse | null) => {
      flights.delete(asked.key);
      events.onRealised({ workspaces: [...workspaces].sort(), packages, use, failure, seconds: seconds() });
      events.onChange([...workspaces]);
    };
    const using = keeper;
    if (using === null) return end({ reason: 'KeeperNotReady', message: `the keeper of the cache ${cache} is not ready` }, null);
    try {
      const { derivation, wants } = await using.resolve(asked, calls);
      flight.wants = wants;
      makeWay(flight);
      await turnstile.enter(flight);
      const onProgress = throttled(clock, (progress: Parameters<typeof progressWords>[0]) => {
        flight.words = progressWords(progress);
        events.onProgress([...workspaces], flight.words);
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
      link(asked.key, others);
      link(asked.key, first === undefined ? [] : [first], use);
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
    if (flights.size === 0 && links === null) events.onIdle();
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

  function link(key: string, workspaces: readonly string[], use?: CacheUse): void {
    if (workspaces.length === 0) return;
    const waiting = linking.get(key) ?? new Map<string, number>();
    linking.set(key, waiting);
    for (const workspace of workspaces) {
      if (!waiting.has(workspace)) waiting.set(workspace, clock.now());
      switching.add(workspace);
      if (use !== undefined) firstUses.set(workspace, use);
    }
    startLinking();
  }

  function startLinking(): void {
    if (links !== null || linking.size === 0) return;
    links = linkAll().finally(() => {
      links = null;
      // What came between the last look and this.
      startLinking();
      tellIdle();
    });
  }

  /** One command for all that have come together meanwhile. */
  async function linkAll(): Promise<void> {
    for (;;) {
      const next = [...linking][0];
      if (next === undefined) return;
      const [key, waiting] = next;
      const batch = new Map(waiting);
      linking.delete(key);
      await linkBatch(key, batch);
    }
  }

  async function linkBatch(key: string, batch: ReadonlyMap<string, number>): Promise<void> {
    const environment = known.get(key);
    const using = keeper;
    const workspaces = [...batch.keys()].sort();
    const uses = new Map<string, CacheUse>();
    try {
      if (environment === undefined || using === null) return;
      // A start waits for it: those that come after the profile, the accounts too, do not keep it.
      const onLinked = (workspace: string) => {
        profiles.set(workspace, environment.path);
        const waited = (clock.now() - (batch.get(workspace) ?? clock.now())) / 1_000;
        uses.set(workspace, firstUses.get(workspace) ?? warmUse(environment, waited));
        wake(workspace);
      };
      await using.link(environment.path, workspaces, onLinked, calls);
    } catch (error) {
      retries.failed(key, commandFailure(error, cache));
      known.delete(key);
    } finally {
      for (const [workspace, use] of uses) {
        firstUses.delete(workspace);
        events.onLinked(workspace, use);
      }
      for (const workspace of workspaces) switching.delete(workspace);
      workspaces.forEach(wake);
      events.onChange(workspaces);
    }
  }

  function wake(workspace: string): void {
    for (const resolve of waiters.get(workspace) ?? []) resolve();
    waiters.delete(workspace);
  }

  function profileKey(workspace: string): string | null {
    const path = profiles.get(workspace);
    return path === undefined ? null : keyOfPath(path);
  }

  return {
    request,
    profileKey,
    /** False until a keeper has told what the profiles hold. */
    isTold: () => isTold,
    isKnown: (key: string) => known.has(key),
    known: (workspace: string) => known.get(profileKey(workspace) ?? '') ?? null,
    progressOf(workspace: string, key: string): string | null {
      const flight = flights.get(key);
      if (flight !== undefined && flight.workspaces.has(workspace)) return flight.words;
      return switching.has(workspace) ? 'switching the profile' : null;
    },
    failureOf: (key: string) => retries.of(key),
    /** Words of what is under way. */
    underWay: () => [...flights.values()].map(({ workspaces, words }) => `${[...workspaces].sort().join(', ')}: ${words}`).sort(),
    isBusy: () => flights.size > 0 || links !== null,
    isPrewarming: () => [...flights.values()].some(({ rank }) => rank > 0),
    /** Resolves with true as soon as the profile holds the environment, else with false after `waitMs`. */
    async inPlace(workspace: string, key: string, waitMs: number): Promise<boolean> {
      if (profileKey(workspace) === key) return true;
      if (waitMs <= 0) return false;
      const late = new AbortController();
      const wakes = waiters.get(workspace) ?? new Set();
      waiters.set(workspace, wakes);
      await new Promise<void>((resolve) => {
        wakes.add(resolve);
        void delay(clock, waitMs, late.signal).then(() => {
          wakes.delete(resolve);
          resolve();
        });
      });
      late.abort();
      if (wakes.size === 0) waiters.delete(workspace);
      return profileKey(workspace) === key;
    },
    environmentCount: () => new Set(profiles.values()).size,
    /** What a keeper that has just come up told of its volume. A failure that another keeper met says nothing of this one. */
    open(commands: KeeperCommands, inventory: Inventory): void {
      keeper = commands;
      isTold = true;
      profiles = new Map(inventory.profiles);
      known = new Map([...inventory.environments.values()].flatMap((one) => (keyOfPath(one.path) === null ? [] : [[keyOfPath(one.path)!, one] as const])));
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
