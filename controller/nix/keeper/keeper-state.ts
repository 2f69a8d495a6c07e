import type { CallOptions, DockerPort } from '../../docker/port.js';
import type { Clock } from '../../model/clock.js';
import type { ObservedContainer } from '../../model/engine-objects.js';
import type { Failure } from '../../model/reasons.js';
import type { EngineView } from '../../observe/engine-view.js';
import type { KeeperInput } from '../../plan/keeper.js';
import type { Operation } from '../../plan/types.js';
import type { Inventory } from './keeper-answers.js';
import type { KeeperCommands } from './keeper-commands.js';
import { createKeeperStarts, type KeeperStarts } from './keeper-starts.js';

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
  readonly view: Pick<EngineView, 'volumes'>;
  readonly execute: ExecutePlan;
  /** The id of the image, without `sha256:`, when it brings a Nix store of its own and is on the engine. */
  readonly imageWithStore: (reference: string, calls: CallOptions) => Promise<string | null>;
  /** The keeper's daemon has answered: commands may be given from now on. */
  readonly onUp: (commands: KeeperCommands, inventory: Inventory) => void;
  /** The keeper that had answered is not to be asked any more. */
  readonly onDown: () => void;
}

/** A keeper whose daemon has answered. The same container with another start is another keeper. */
export interface AnsweringKeeper {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number | null;
  readonly commands: KeeperCommands;
  readonly nixVersion: string;
}

/** All that changes about the keeper of one cache. Each part has one file that writes it. */
export interface KeeperState {
  /** Written by keeper-connection.ts. Null: no keeper can be asked. */
  answering: AnsweringKeeper | null;
  /**
   * Why the keeper is not as it should be: keeper-connection.ts, and reconcile-keeper.ts for one that serves all the
   * same.
   */
  failure: Failure | null;
  /** Why no keeper can be asked where that is no failure: keeper-connection.ts. */
  message: string;

  /** The keeper's container as the last look found it: observe-keeper.ts. */
  container: ObservedContainer | null;
  /** Containers other than keepers that mounted the volume at the last look: observe-keeper.ts. */
  users: readonly ObservedContainer[];
  /** Ids, without `sha256:`, of the images of all containers at the last look: observe-keeper.ts. */
  imagesInUse: ReadonlySet<string>;

  /** A creation found that the keeper's image is not on the engine: reconcile-keeper.ts. */
  imageAbsent: boolean;
  /** The configuration that did not come up, which is not tried again: reconcile-keeper.ts. */
  failed: KeeperInput['failed'];
  readonly starts: KeeperStarts;
}

/** What the functions of a keeper take: what it is given, and what is known of it. */
export interface KeeperContext {
  readonly deps: KeeperDependencies;
  readonly state: KeeperState;
}

/** A keeper that nobody has looked at yet. */
export function newKeeperState(clock: Clock): KeeperState {
  return {
    answering: null,
    failure: null,
    message: 'it has not been looked at yet',
    container: null,
    users: [],
    imagesInUse: new Set(),
    imageAbsent: false,
    failed: null,
    starts: createKeeperStarts(clock),
  };
}
