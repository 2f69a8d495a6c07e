import type { CacheEvent } from '../../../../controller/model/cache-event.js';
import type { Inventory, KnownEnvironment, Realised } from '../../../../controller/nix/keeper/keeper-answers.js';
import { environmentRequest } from '../../../../controller/nix/packages/environment-key.js';
import type { EnvironmentKeeper } from '../../../../controller/nix/packages/environments.js';
import type { RealisationProgress } from '../../../../controller/nix/packages/nix-log.js';

const HASH = 'djjxv3pda7r3hh3lrkcq4bwaji4x35av';

export const NIXPKGS = '/nixpkgs';
export const keyOf = (...packages: string[]): string => environmentRequest(NIXPKGS, packages).key;
export const pathOf = (key: string): string => `/nix/store/${HASH}-kalpana-env-${key}`;
/** An environment of two paths and 300 bytes. */
export const environmentOf = (key: string): KnownEnvironment => ({ path: pathOf(key), paths: 2, bytes: 300 });
/** Lets everything happen that waits for nothing but its turn. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Two paths: one was there, the other was fetched. */
export const realised = (key: string): Realised => ({
  environment: environmentOf(key),
  hit: new Map([['/nix/store/a', 100]]),
  fetched: new Map([['/nix/store/b', 200]]),
  built: new Map(),
});

export function inventory(change: Partial<Inventory> = {}): Inventory {
  return { nixVersion: '2.26.3', profiles: new Map(), environments: new Map(), images: new Set(), ...change };
}

export interface FakeKeeper extends EnvironmentKeeper {
  /** Keys in the order in which they were resolved. */
  readonly resolved: string[];
  /** What is being realised now, by key. */
  readonly under: Map<string, Realisation>;
  /** Every link command: environment path and workspaces. */
  readonly linked: (readonly [string, readonly string[]])[];
  /** What `resolve` and `link` fail with from now on; null: nothing. */
  failure: Error | null;
  /** While it is there, a link waits for it. */
  linkGate: Promise<void> | null;
}

export interface Realisation {
  readonly tell: (progress: RealisationProgress) => void;
  readonly land: () => void;
  readonly fail: (error: Error) => void;
  isCancelled: boolean;
}

/**
 * A keeper that realises what it is asked for when the test says so, and links at once. `wants`: store paths by key.
 */
export function createFakeKeeper(wants: Readonly<Record<string, readonly string[]>> = {}): FakeKeeper {
  const keeper: FakeKeeper = {
    resolved: [],
    under: new Map(),
    linked: [],
    failure: null,
    linkGate: null,
    async resolve({ key }) {
      keeper.resolved.push(key);
      if (keeper.failure !== null) throw keeper.failure;
      return { derivation: `${pathOf(key)}.drv`, wants: new Set(wants[key] ?? [`/nix/store/of-${key}`]) };
    },
    realise: ({ key }, _derivation, onProgress, onStart) =>
      new Promise((resolve, reject) => {
        const end = () => keeper.under.delete(key);
        const realisation: Realisation = {
          tell: onProgress,
          land: () => (end(), resolve(realised(key))),
          fail: (error) => (end(), reject(error)),
          isCancelled: false,
        };
        keeper.under.set(key, realisation);
        onStart({ cancel: () => void (realisation.isCancelled = true) });
      }),
    async link(environment, workspaces, onLinked) {
      keeper.linked.push([environment, workspaces]);
      await keeper.linkGate;
      if (keeper.failure !== null) throw keeper.failure;
      workspaces.forEach(onLinked);
    },
  };
  return keeper;
}

/** Events in short: what a person would want to compare. */
export function briefly(event: CacheEvent): string {
  switch (event.type) {
    case 'linked':
      return `linked ${event.workspace} ${event.use.temperature}`;
    case 'realising':
      return `realising ${event.workspaces.join()}: ${event.words}`;
    case 'realised':
      return `realised ${event.workspaces.join()} ${event.failure?.reason ?? (event.use === null ? 'overtaken' : 'well')}`;
    case 'changed':
      return `changed ${event.workspaces.join()}`;
    default:
      return event.type;
  }
}
