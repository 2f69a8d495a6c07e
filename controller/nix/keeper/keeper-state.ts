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
  /**
   * The id of the image without `sha256:`, or null unless the image is on the engine and contains a Nix store of its
   * own.
   */
  readonly imageWithStore: (reference: string, calls: CallOptions) => Promise<string | null>;
  /** Called when the keeper's daemon has answered, so that commands can be run from now on. */
  readonly onUp: (commands: KeeperCommands, inventory: Inventory) => void;
  /** Called when the keeper that had answered must not be used any more. */
  readonly onDown: () => void;
}

/** A keeper whose daemon has answered. The same container after another start counts as another keeper. */
export interface AnsweringKeeper {
  readonly id: string;
  /** When the container was started, in ms since the epoch. */
  readonly startedAt: number | null;
  readonly commands: KeeperCommands;
  readonly nixVersion: string;
}

/** All changing state of the keeper of one cache. Each field names the only file that writes it. */
export interface KeeperState {
  /** The keeper that commands are directed to, or null when none answers. Written by keeper-connection.ts. */
  answering: AnsweringKeeper | null;
  /**
   * Why the keeper is not as it should be. Written by keeper-connection.ts, and by reconcile-keeper.ts for a keeper
   * that can be used nevertheless.
   */
  failure: Failure | null;
  /** Why no keeper answers, when that is not a failure. Written by keeper-connection.ts. */
  message: string;

  /** The keeper's container as the last look found it. Written by observe-keeper.ts. */
  container: ObservedContainer | null;
  /** The containers, other than keepers, that mounted the volume at the last look. Written by observe-keeper.ts. */
  users: readonly ObservedContainer[];
  /** The ids, without `sha256:`, of the images of all containers at the last look. Written by observe-keeper.ts. */
  imagesInUse: ReadonlySet<string>;

  /** Whether a create failed because the keeper's image is not on the engine. Written by reconcile-keeper.ts. */
  imageAbsent: boolean;
  /** The configuration that did not come up and is not tried again. Written by reconcile-keeper.ts. */
  failed: KeeperInput['failed'];
  readonly starts: KeeperStarts;
}

/** What the functions of a keeper receive: its dependencies and its state. */
export interface KeeperContext {
  readonly deps: KeeperDependencies;
  readonly state: KeeperState;
}

/** The state of a keeper before the first look. */
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
