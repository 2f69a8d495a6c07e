import { isUp } from '../model/container-state.js';
import type {
  ContainerDefinition,
  ObservedContainer,
  ObservedNetwork,
  ObservedVolume,
} from '../model/engine-objects.js';
import { keeperName } from '../model/names.js';
import type { Failure } from '../model/reasons.js';
import { target } from './containers.js';
import type { SeedInput } from './keeper-seed.js';
import { removal, stopping } from './steps.js';
import type { Operation } from './types.js';

/** The keeper that a spec, or the defaults, describe. */
export interface WantedKeeper {
  readonly definition: ContainerDefinition;
  /** The spec hash of `definition`. */
  readonly hash: string;
  /** Whether no spec defines the cache, so that it has the defaults. */
  readonly isImplicit: boolean;
}

/** A configuration whose keeper did not come up, and the reason. */
export interface FailedKeeper {
  readonly hash: string;
  readonly failure: Failure;
}

export interface KeeperInput {
  readonly cache: string;
  readonly instance: string;
  /** The keeper to run, or null when neither a spec nor a workspace names the cache. */
  readonly wanted: WantedKeeper | null;
  readonly main: ObservedContainer | null;
  readonly next: ObservedContainer | null;
  readonly volume: ObservedVolume | undefined;
  /** The network `kalpana-keepers`; undefined when there is none, or when nothing is due that would need it. */
  readonly network: ObservedNetwork | undefined;
  /** The other containers, in any state, that mount the volume. */
  readonly users: readonly ObservedContainer[];
  /** Whether a create failed because the image is not on the engine. */
  readonly imageAbsent: boolean;
  /** The configuration whose next keeper did not come up; the old keeper stays in service. Null when there is none. */
  readonly failed: FailedKeeper | null;
  /** Whether the next keeper has answered. */
  readonly nextProven: boolean;
  /** How long to wait before a keeper that ended is started again, in ms. */
  readonly restartInMs: number;
  /** The seed, or null when the keeper's image has its programs outside /nix. */
  readonly seed: SeedInput | null;
}

export interface KeeperPlan {
  readonly operations: readonly Operation[];
  /** Why the keeper is not as wanted or not usable, or null. */
  readonly failure: Failure | null;
  /** The keeper that can be used now, or null. */
  readonly usable: ObservedContainer | null;
  /** A next keeper that runs and has to answer before it takes over, or null. */
  readonly toProve: ObservedContainer | null;
  /** A configuration to remember as one that does not come up, or null. */
  readonly giveUp: FailedKeeper | null;
  readonly recheckMs: number | null;
}

/** How long to wait for the engine to finish what it is doing, in ms. */
export const SETTLE_MS = 1_000;

/** A plan that consists of these operations, possibly none, and nothing else. */
export function step(operations: readonly Operation[]): KeeperPlan {
  return { operations, failure: null, usable: null, toProve: null, giveUp: null, recheckMs: null };
}

/** A plan without operations that fails with this reason. */
export function failing(failure: Failure): KeeperPlan {
  return { ...step([]), failure };
}

/** Creates a keeper under this name and starts it; pulls the image first when it is known to be absent. */
export function making(input: KeeperInput, wanted: WantedKeeper, name: string, cause: string): Operation[] {
  return [...creating(input, wanted, name, cause), startingByName(name, cause)];
}

/** Does the same as `making`, without the start. */
export function creating({ imageAbsent }: KeeperInput, wanted: WantedKeeper, name: string, cause: string): Operation[] {
  const { definition } = wanted;
  const { image } = definition;
  const create: Operation = { type: 'create-container', container: name, definition, cause };
  const pull: Operation = { type: 'pull-image', image, cause: `the image ${image} is not on the engine` };
  return imageAbsent ? [pull, create] : [create];
}

/** Starts a container for the first time, right after the operation that created it. */
export function startingByName(name: string, cause: string): Operation {
  return { type: 'start-container', container: { name, id: null }, first: true, cause };
}

/** Stops a container if it is up. */
export function stoppingIfUp(container: ObservedContainer | null, cause: string): Operation[] {
  return container !== null && isUp(container) ? stopping(container, cause) : [];
}

/** Removes a container in any state. */
export function removing(container: ObservedContainer, cause: string): Operation {
  return removal(container, cause, true);
}

/** Gives the next keeper the name of the keeper that it has replaced. */
export function takingName(next: ObservedContainer, cache: string): Operation {
  const cause = 'finish the replacement of the keeper';
  return { type: 'rename-container', container: target(next), to: keeperName(cache), cause };
}
