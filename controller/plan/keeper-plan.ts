import { isUp } from '../model/container-state.js';
import type { ContainerDefinition, ObservedContainer, ObservedVolume } from '../model/engine-objects.js';
import { keeperName } from '../model/names.js';
import type { Failure } from '../model/reasons.js';
import { target } from './containers.js';
import type { SeedInput } from './keeper-seed.js';
import { removal, stopping } from './steps.js';
import type { Operation } from './types.js';

/** What a spec, or the defaults, make of a keeper. */
export interface WantedKeeper {
  readonly definition: ContainerDefinition;
  /** The spec hash of `definition`. */
  readonly hash: string;
  /** No spec defines the cache: it has the defaults. */
  readonly isImplicit: boolean;
}

/** A configuration whose keeper did not come up, and why. */
export interface FailedKeeper {
  readonly hash: string;
  readonly failure: Failure;
}

export interface KeeperInput {
  readonly cache: string;
  readonly instance: string;
  /** Null: neither a spec nor a workspace names the cache. */
  readonly wanted: WantedKeeper | null;
  readonly main: ObservedContainer | null;
  readonly next: ObservedContainer | null;
  readonly volume: ObservedVolume | undefined;
  /** Other containers in any state that mount the volume. */
  readonly users: readonly ObservedContainer[];
  /** A create has found it absent. */
  readonly imageAbsent: boolean;
  /** The next keeper of this configuration did not come up: the old one serves on. */
  readonly failed: FailedKeeper | null;
  /** The next keeper has answered. */
  readonly nextProven: boolean;
  /** How long a keeper that ended is left alone, in ms. */
  readonly restartInMs: number;
  /** Null: the keeper's image has its programs outside /nix. */
  readonly seed: SeedInput | null;
}

export interface KeeperPlan {
  readonly operations: readonly Operation[];
  /** Why the keeper is not as it should be, or not usable. */
  readonly failure: Failure | null;
  /** The keeper that may be asked now. */
  readonly usable: ObservedContainer | null;
  /** A next keeper that runs and has to answer before it takes over. */
  readonly toProve: ObservedContainer | null;
  /** To remember: this configuration does not come up. */
  readonly giveUp: FailedKeeper | null;
  readonly recheckMs: number | null;
}

/** How long the engine is given to finish what it is about, ms. */
export const SETTLE_MS = 1_000;

/** A plan of these operations, which may be none, and of nothing else. */
export function step(operations: readonly Operation[]): KeeperPlan {
  return { operations, failure: null, usable: null, toProve: null, giveUp: null, recheckMs: null };
}

/** A plan that does nothing, for this reason. */
export function failing(failure: Failure): KeeperPlan {
  return { ...step([]), failure };
}

/** Creates a keeper under this name and starts it, behind a pull where the image is known to be absent. */
export function making(input: KeeperInput, wanted: WantedKeeper, name: string, cause: string): Operation[] {
  return [...creating(input, wanted, name, cause), startingByName(name, cause)];
}

/** As `making`, without the start. */
export function creating({ imageAbsent }: KeeperInput, wanted: WantedKeeper, name: string, cause: string): Operation[] {
  const { definition } = wanted;
  const { image } = definition;
  const create: Operation = { type: 'create-container', container: name, definition, cause };
  const pull: Operation = { type: 'pull-image', image, cause: `the image ${image} is not on the engine` };
  return imageAbsent ? [pull, create] : [create];
}

/** The first start of a container that the operation before has created. */
export function startingByName(name: string, cause: string): Operation {
  return { type: 'start-container', container: { name, id: null }, first: true, cause };
}

/** Stops a container that is up, else nothing. */
export function stoppingIfUp(container: ObservedContainer | null, cause: string): Operation[] {
  return container !== null && isUp(container) ? stopping(container, cause) : [];
}

/** Removes a container in any state. */
export function removing(container: ObservedContainer, cause: string): Operation {
  return removal(container, cause, true);
}

/** Gives the next keeper the name of the one that it has replaced. */
export function takingName(next: ObservedContainer, cache: string): Operation {
  const cause = 'finish the replacement of the keeper';
  return { type: 'rename-container', container: target(next), to: keeperName(cache), cause };
}
