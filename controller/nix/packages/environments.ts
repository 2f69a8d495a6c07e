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

/** The profile that keeps prewarmed packages as roots; no workspace's name holds a dot. */
export const PREWARM = '.prewarm';

/** What the environments ask of a keeper that answers. */
export type EnvironmentKeeper = Pick<KeeperCommands, 'resolve' | 'realise' | 'link'>;

export interface EnvironmentsDependencies {
  readonly cache: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly calls: CallOptions;
  readonly emit: EmitCacheEvent;
  /** Nothing is under way any more. */
  readonly onIdle: () => void;
}

/**
 * Environments and profiles of one cache: what is there, and how more of it gets there. Keys are those of environments.
 */
export interface Environments {
  /**
   * Asks for the workspace's profile to hold these packages, and comes back at once; events tell what becomes of it.
   */
  request(workspace: string, nixpkgs: string, packages: readonly string[]): void;
  /** Resolves with true as soon as the profile holds the environment, else with false after `waitMs`. */
  inPlace(workspace: string, key: string, waitMs: number): Promise<boolean>;

  /** False until a keeper has told what its volume holds. */
  hasInventory(): boolean;
  isKnown(key: string): boolean;
  /** The environment that the workspace's profile holds, where it is in the store. */
  known(workspace: string): KnownEnvironment | null;
  /** The key of what the workspace's profile holds. */
  profileKey(workspace: string): string | null;
  profileNames(): string[];
  /** Distinct environments that a profile holds. */
  environmentCount(): number;
  /** What is being done for the workspace now, for a person; null when nothing is. */
  progressOf(workspace: string, key: string): string | null;
  failureOf(key: string): FailedBefore | null;
  /** What is under way, a line each, for a person. */
  underWay(): string[];
  /** Something is under way or waits. */
  isBusy(): boolean;
  /** Whether a store path may be asked for or linked now that no root keeps yet. */
  isFlying(): boolean;

  /** From now on requests wait, except those for what a profile in use holds. */
  hold(): void;
  /** While requests are held: those wait as well. */
  seal(): void;
  unseal(): void;
  /** Asks for everything that waited. */
  letGo(): void;
  /** These profiles are about to go; whoever wants one back asks for it. */
  dropProfiles(workspaces: readonly string[]): void;
  /** These store paths are gone or about to go: an environment among them has to be realised again. */
  forget(paths: ReadonlySet<string>): void;

  /**
   * A keeper has come up and told what its volume holds. A failure that another keeper met says nothing of this one.
   */
  open(keeper: EnvironmentKeeper, inventory: Inventory): void;
  /** The keeper is gone: what was under way ends with its commands. */
  close(): void;
  /** The spec of the cache has changed: what failed is worth another try. */
  forgetFailures(): void;
}

/** The environments of a cache whose keeper has not come up yet. */
export function createEnvironments(deps: EnvironmentsDependencies): Environments {
  const { cache, emit } = deps;
  let keeper: EnvironmentKeeper | null = null;
  let hasInventory = false;
  const { known, retries, profiles, waits, links, flights, isFlying } = createParts(deps, () => keeper);
  const gate = createRequestGate();

  function request(workspace: string, nixpkgs: string, packages: readonly string[]): void {
    const asked = environmentRequest(nixpkgs, packages, { ranked: workspace === PREWARM });
    const { key } = asked;
    // An environment that a profile in use holds is a root already: whoever starts on it waits for nothing.
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
 * What is known, and the two things that change it: flights bring environments into the store, links switch profiles to
 * them.
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
      // Whoever joined got for nothing what the first one asked for.
      links.link(key, others);
      links.link(key, first === undefined ? [] : [first], use);
    },
    onFailed: retries.failed,
    onLanded: noteIdle,
  });
  return { known, retries, profiles, waits, links, flights, isFlying };
}
