import type { CallOptions } from '../../docker/port.js';
import type { EmitCacheEvent } from '../../model/cache-event.js';
import type { Clock } from '../../model/clock.js';
import type { Inventory, KnownEnvironment } from '../keeper/keeper-answers.js';
import { commandFailure, type KeeperCommands } from '../keeper/keeper-commands.js';
import { environmentRequest } from './environment-key.js';
import { createFlights } from './flights.js';
import { createKnownEnvironments } from './known-environments.js';
import { createProfileLinks } from './profile-links.js';
import { createProfileWaits } from './profile-waits.js';
import { createProfiles } from './profiles.js';
import { createRequestGate } from './request-gate.js';
import { createRetries, type FailedBefore } from './retries.js';

/** The profile that keeps prewarmed packages as roots. The name of a workspace never contains a dot. */
export const PREWARM = '.prewarm';

/** The commands of a keeper that the environments use. */
export type EnvironmentKeeper = Pick<KeeperCommands, 'resolve' | 'realise' | 'link'>;

export interface EnvironmentsDependencies {
  readonly cache: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly calls: CallOptions;
  readonly emit: EmitCacheEvent;
  /** Called when no work is under way any more. */
  readonly onIdle: () => void;
}

/**
 * The environments and profiles of one cache: what exists, and the work that adds to it. Keys are those of
 * environments.
 */
export interface Environments {
  /** Requests that the workspace's profile contains these packages, and returns at once; events report the outcome. */
  request(workspace: string, nixpkgs: string, packages: readonly string[]): void;
  /** Resolves with true as soon as the profile contains the environment, or with false after `waitMs`. */
  inPlace(workspace: string, key: string, waitMs: number): Promise<boolean>;

  /** Whether a keeper has reported what its volume contains. */
  hasInventory(): boolean;
  isKnown(key: string): boolean;
  /** The environment in the workspace's profile, if it is in the store. */
  known(workspace: string): KnownEnvironment | null;
  /** The key of the environment in the workspace's profile. */
  profileKey(workspace: string): string | null;
  profileNames(): string[];
  /** The number of distinct environments in all profiles. */
  environmentCount(): number;
  /** A message about the work that is under way for the workspace, or null when there is none. */
  progressOf(workspace: string, key: string): string | null;
  failureOf(key: string): FailedBefore | null;
  /** The work that is under way, one line each, for a person. */
  underWay(): string[];
  /** Whether work is under way or waiting. */
  isBusy(): boolean;
  /** Whether a store path that no root keeps yet may be in use by a realisation or a switch of a profile. */
  isFlying(): boolean;

  /** Makes requests wait from now on, except those for an environment that a profile in use contains. */
  hold(): void;
  /** Makes those requests wait as well, while requests are held. */
  seal(): void;
  unseal(): void;
  /** Stops holding requests, and repeats every request that waited. */
  letGo(): void;
  /** Forgets these profiles, which are about to be removed; a workspace that needs one again requests it. */
  dropProfiles(workspaces: readonly string[]): void;
  /**
   * Forgets these store paths, which are deleted or about to be; an environment among them has to be realised again.
   */
  forget(paths: ReadonlySet<string>): void;

  /**
   * Takes over what a newly started keeper has reported about its volume. Failures of an earlier keeper are forgotten.
   */
  open(keeper: EnvironmentKeeper, inventory: Inventory): void;
  /** Forgets the keeper, which is gone; work under way ends with its commands. */
  close(): void;
  /** Forgets all failures, because the spec of the cache has changed and another attempt may succeed. */
  forgetFailures(): void;
}

/** Creates the environments of a cache whose keeper has not come up yet. */
export function createEnvironments(deps: EnvironmentsDependencies): Environments {
  const { cache, emit } = deps;
  let keeper: EnvironmentKeeper | null = null;
  let hasInventory = false;
  const { known, retries, profiles, waits, links, flights, isFlying } = createParts(deps, () => keeper);
  const gate = createRequestGate();

  function request(workspace: string, nixpkgs: string, packages: readonly string[]): void {
    const asked = environmentRequest(nixpkgs, packages, { ranked: workspace === PREWARM });
    const { key } = asked;
    // An environment that a profile in use contains is a root already, so a start with it need not wait.
    if (gate.isClosed(known.has(key) && profiles.holds(key)))
      return gate.keep(workspace, () => request(workspace, nixpkgs, packages));
    if (flights.join(key, workspace)) return;
    if (known.has(key)) return links.link(key, [workspace]);
    flights.begin({ request: asked, packages, workspace, rank: workspace === PREWARM ? 1 : 0 });
  }

  return {
    request,
    inPlace: waits.inPlace,
    hasInventory: () => hasInventory,
    isKnown: known.has,
    known: (workspace) => known.get(profiles.keyOf(workspace) ?? ''),
    profileKey: profiles.keyOf,
    profileNames: profiles.names,
    environmentCount: profiles.count,
    progressOf(workspace, key) {
      const words = flights.wordsOf(key, workspace);
      if (words !== null) return words;
      if (gate.isWaiting(workspace)) return 'waiting for the end of the garbage collection';
      return links.isSwitching(workspace) ? 'switching the profile' : null;
    },
    failureOf: retries.of,
    underWay: flights.underWay,
    isBusy: () => isFlying() || gate.isAnyWaiting(),
    isFlying,
    hold: gate.hold,
    seal: gate.seal,
    unseal: gate.unseal,
    letGo() {
      const waiting = gate.open();
      for (const ask of waiting.values()) ask();
      emit({ type: 'changed', cache, workspaces: [...waiting.keys()] });
    },
    dropProfiles: profiles.drop,
    forget(paths) {
      known.forget(paths);
      profiles.drop(profiles.holding(paths));
    },
    open(commands, inventory) {
      keeper = commands;
      hasInventory = true;
      profiles.reset(inventory.profiles);
      known.reset(inventory.environments.values());
      retries.clear();
    },
    close: () => void (keeper = null),
    forgetFailures: retries.clear,
  };
}

/**
 * Creates the parts: the known environments and profiles, and the two that change them. Flights bring environments into
 * the store, and links switch profiles to them.
 */
function createParts(deps: EnvironmentsDependencies, keeper: () => EnvironmentKeeper | null) {
  const { cache, clock, emit, calls } = deps;
  const known = createKnownEnvironments();
  const retries = createRetries(clock, deps.random);
  const profiles = createProfiles();
  const waits = createProfileWaits(clock, profiles.keyOf);
  const isFlying = () => flights.isAny() || links.isBusy();
  const noteIdle = () => {
    if (!isFlying()) deps.onIdle();
  };
  const links = createProfileLinks({
    cache,
    clock,
    calls,
    keeper,
    known: known.get,
    profiles,
    waits,
    emit,
    onFailed(key, error) {
      retries.failed(key, commandFailure(error, cache));
      known.drop(key);
    },
    onIdle: noteIdle,
  });
  const flights = createFlights({
    cache,
    clock,
    calls,
    keeper,
    emit,
    onRealised(key, { environment }, [first, ...others], use) {
      known.add(key, environment);
      retries.succeeded(key);
      // The use is attributed to the first workspace only; those that joined its realisation count as warm.
      links.link(key, others);
      links.link(key, first === undefined ? [] : [first], use);
    },
    onFailed: retries.failed,
    onLanded: noteIdle,
  });
  return { known, retries, profiles, waits, links, flights, isFlying };
}
