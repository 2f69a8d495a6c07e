import type { CallOptions } from '../../docker/port.js';
import type { EmitCacheEvent } from '../../model/cache-event.js';
import type { CacheUse } from '../../model/cache-status.js';
import type { Clock } from '../../model/clock.js';
import type { Failure } from '../../model/reasons.js';
import type { Realised } from '../keeper/keeper-answers.js';
import { commandFailure, type KeeperCommands, type RunningCommand } from '../keeper/keeper-commands.js';
import { useOf } from './accounts.js';
import type { EnvironmentRequest } from './environment-key.js';
import { progressWords, type RealisationProgress } from './nix-log.js';
import { throttled } from './throttled.js';
import { createTurnstile, type Claim } from './turnstile.js';

export type RealisingKeeper = Pick<KeeperCommands, 'resolve' | 'realise'>;

export interface FlightsDependencies {
  readonly cache: string;
  readonly clock: Clock;
  readonly calls: CallOptions;
  readonly keeper: () => RealisingKeeper | null;
  readonly emit: EmitCacheEvent;
  /**
   * Called when the environment is in the store. `workspaces` are those that requested it, in the order of their
   * requests.
   */
  readonly onRealised: (key: string, realised: Realised, workspaces: readonly string[], use: CacheUse) => void;
  readonly onFailed: (key: string, failure: Failure) => void;
  /** Called when a flight is over, whether it succeeded or failed. */
  readonly onLanded: () => void;
}

/** The realisation of one environment, shared by all workspaces that request it while it is under way. */
interface Flight extends Claim {
  readonly request: EnvironmentRequest;
  readonly packages: readonly string[];
  readonly workspaces: Set<string>;
  readonly startedAt: number;
  wants: ReadonlySet<string>;
  words: string;
  running: RunningCommand | null;
  isCancelled: boolean;
}

const PROGRESS_EVERY_MS = 2_000;

/** The realisations of one cache that are under way, at most one for each environment (F9). */
export interface Flights {
  /** Joins the flight of this environment; returns false when there is none. */
  join(key: string, workspace: string): boolean;
  /**
   * Begins a flight. A `rank` of 0 is for workspaces; a flight of a higher rank is cancelled when it blocks one of
   * them.
   */
  begin(flight: {
    readonly request: EnvironmentRequest;
    readonly packages: readonly string[];
    readonly workspace: string;
    readonly rank: number;
  }): void;
  /** The progress of the environment for a person; null unless the workspace waits for a flight of it. */
  wordsOf(key: string, workspace: string): string | null;
  /** The flights under way, one line each, sorted. */
  underWay(): string[];
  isAny(): boolean;
}

/** Creates the flights; none is under way before the first `begin`. */
export function createFlights(deps: FlightsDependencies): Flights {
  const { cache, clock, calls, emit } = deps;
  const turnstile = createTurnstile<Flight>();
  const flights = new Map<string, Flight>();

  function end({ request: { key }, workspaces, packages, startedAt }: Flight, result: EndOfFlight): void {
    flights.delete(key);
    const seconds = (clock.now() - startedAt) / 1_000;
    emit({ type: 'realised', cache, workspaces: [...workspaces].sort(), packages, ...result, seconds });
    emit({ type: 'changed', cache, workspaces: [...workspaces] });
  }

  async function fly(flight: Flight): Promise<void> {
    const { key } = flight.request;
    const keeper = deps.keeper();
    if (keeper === null) return end(flight, { use: null, failure: notReady(cache) });
    try {
      const realised = await realise(flight, keeper);
      // Another keeper may have another volume, which may lack what this one realised.
      if (deps.keeper() !== keeper) return end(flight, { use: null, failure: null });
      const use = useOf(realised, (clock.now() - flight.startedAt) / 1_000);
      deps.onRealised(key, realised, [...flight.workspaces], use);
      end(flight, { use, failure: null });
    } catch (error) {
      const failure = commandFailure(error, cache);
      // A cancelled flight is requested again later, so it is not reported.
      if (flight.isCancelled) return void flights.delete(key);
      deps.onFailed(key, failure);
      end(flight, { use: null, failure });
    } finally {
      turnstile.leave(flight);
      deps.onLanded();
    }
  }

  async function realise(flight: Flight, keeper: RealisingKeeper): Promise<Realised> {
    const { derivation, wants } = await keeper.resolve(flight.request, calls);
    flight.wants = wants;
    if (flight.rank === 0) cancelLowerRanks(turnstile.inTheWayOf(flight));
    await turnstile.enter(flight);
    const onProgress = throttled(clock, PROGRESS_EVERY_MS, (progress: RealisationProgress) => {
      flight.words = progressWords(progress);
      emit({ type: 'realising', cache, workspaces: [...flight.workspaces], words: flight.words });
    });
    const onStart = (command: RunningCommand) => {
      flight.running = command;
      if (flight.isCancelled) command.cancel();
    };
    return keeper.realise(flight.request, derivation, onProgress, onStart, calls);
  }

  return {
    join(key, workspace) {
      const flight = flights.get(key);
      flight?.workspaces.add(workspace);
      return flight !== undefined;
    },
    begin({ request, packages, workspace, rank }) {
      const flight = newFlight(request, packages, workspace, rank, clock.now());
      flights.set(request.key, flight);
      void fly(flight);
    },
    wordsOf(key, workspace) {
      const flight = flights.get(key);
      return flight?.workspaces.has(workspace) === true ? flight.words : null;
    },
    underWay: () =>
      [...flights.values()].map(({ workspaces, words }) => `${[...workspaces].sort().join(', ')}: ${words}`).sort(),
    isAny: () => flights.size > 0,
  };
}

interface EndOfFlight {
  /** Null when the flight failed, or when the keeper was replaced meanwhile. */
  readonly use: CacheUse | null;
  readonly failure: Failure | null;
}

function newFlight(
  request: EnvironmentRequest,
  packages: readonly string[],
  workspace: string,
  rank: number,
  startedAt: number,
): Flight {
  return {
    request,
    packages,
    workspaces: new Set([workspace]),
    rank,
    startedAt,
    wants: new Set(),
    words: 'evaluating',
    running: null,
    isCancelled: false,
  };
}

/**
 * Cancels prewarming that blocks a workspace. What it has fetched stays in the store, and it is requested again later.
 */
function cancelLowerRanks(flights: readonly Flight[]): void {
  for (const flight of flights) {
    if (flight.rank === 0 || flight.isCancelled) continue;
    flight.isCancelled = true;
    flight.running?.cancel();
  }
}

function notReady(cache: string): Failure {
  return { reason: 'KeeperNotReady', message: `the keeper of the cache ${cache} is not ready` };
}
