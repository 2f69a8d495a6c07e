import { EngineError, type DockerPort } from '../../../controller/docker/port.js';
import type { ObservedContainer } from '../../../controller/model/engine-objects.js';
import { containerName, LABEL } from '../../../controller/model/names.js';
import type { RootChange } from '../../../controller/nix/gc/change-roots.js';
import type { Collected, CollectRequest } from '../../../controller/nix/gc/collect.js';
import type { GcCommands } from '../../../controller/nix/gc/gc-commands.js';
import type { RootInventory } from '../../../controller/nix/gc/root-inventory.js';
import { newGcRunState, type GcRunState, type GcStepsDependencies } from '../../../controller/nix/gc/run-state.js';
import { createManualClock, type ManualClock } from '../manual-clock.js';

export const HOUR = 3_600_000;
export const storePath = (name: string) => `/nix/store/${'a'.repeat(32)}-${name}`;

export const EMPTY_INVENTORY: RootInventory = {
  now: 1_700_000_000_000,
  generations: [],
  profiles: new Map(),
  links: [],
  pins: [],
  images: new Map(),
  keeper: [],
  others: [],
  invalid: new Set(),
};

export const NOTHING_COLLECTED: Collected = {
  dead: new Map(),
  livePaths: 0,
  freedBytes: 0,
  freedPaths: 0,
  leftPaths: 0,
};

/** The container of a workspace. */
export function user(workspace: string, state: ObservedContainer['state'] = 'running'): ObservedContainer {
  const labels = { [LABEL.workspace]: workspace };
  return { id: `id-${workspace}`, name: containerName(workspace), labels, state } as unknown as ObservedContainer;
}

export interface FakeRun {
  readonly run: GcRunState;
  readonly clock: ManualClock;
  /** What was done to the cache, in its order. */
  readonly done: string[];
  readonly changes: RootChange[];
  /** The collection in the keeper, once it began. */
  request(): CollectRequest;
}

interface Given {
  readonly dryRun?: boolean;
  readonly deps?: Partial<GcStepsDependencies>;
  readonly commands?: Partial<GcCommands>;
  /** Profiles that the controller knows. */
  readonly known?: ReadonlySet<string>;
  readonly isFlying?: () => boolean;
  /** Targets of links by file, in every container. */
  readonly links?: Readonly<Record<string, string>>;
  readonly docker?: Partial<DockerPort>;
}

/** A run whose surroundings do nothing but note what is asked of them; whoever waits moves the clock. */
export function fakeRun({
  dryRun = false,
  deps = {},
  commands = {},
  known = new Set(),
  isFlying = () => false,
  links = {},
  docker = {},
}: Given = {}): FakeRun {
  const clock = createManualClock(1_700_000_000_000);
  const done: string[] = [];
  const changes: RootChange[] = [];
  let collectRequest: CollectRequest | null = null;
  const note =
    (what: string) =>
    (...args: readonly unknown[]) =>
      void done.push([what, ...args.map(wordsOf)].join(' ').trim());
  const environments = {
    isFlying,
    hold: note('hold'),
    letGo: note('let go'),
    seal: note('seal'),
    unseal: note('unseal'),
    profileNames: () => [...known],
    known: (name: string) => (known.has(name) ? storePath(name) : null),
    dropProfiles: note('drop'),
    forget: note('forget'),
    underWay: () => ['alice: hello'],
  };
  const run = newGcRunState(
    {
      cache: 'team',
      instance: 'default',
      image: 'keeper',
      docker: {
        inspectContainer: async () => null,
        createContainer: async (name: string) => name,
        startContainer: async () => undefined,
        removeContainer: async (id: string) => note('remove')(id),
        exec: async () => ({ exitCode: 0 }),
        readLink: async (_id: string, file: string) => {
          const target = links[file];
          if (target === undefined) throw new EngineError('not-found', 'readLink', 'no such file');
          return target;
        },
        ...docker,
      } as unknown as DockerPort,
      clock: {
        now: clock.now,
        after(ms, task) {
          const cancel = clock.after(ms, task);
          queueMicrotask(() => clock.advance(ms));
          return cancel;
        },
      },
      config: {
        retainMs: HOUR,
        graceMs: 0,
        maxBytes: null,
        maxFreedPerRun: null,
        deadlineMs: HOUR,
      } as GcStepsDependencies['config'],
      environments: environments as unknown as GcStepsDependencies['environments'],
      imports: {
        isBusy: () => false,
        hold: note('hold imports'),
        letGo: note('let imports go'),
      } as unknown as GcStepsDependencies['imports'],
      commands: {
        inventory: async () => EMPTY_INVENTORY,
        changeRoots: async (change) => {
          changes.push(change);
          note('change roots')(Object.keys(change));
        },
        collect: async (request) => {
          collectRequest = request;
          request.onFrozen([], 1);
          return NOTHING_COLLECTED;
        },
        verify: async () => ({ mended: [], lost: [] }),
        release: async () => note('release')(),
        optimise: async () => undefined,
        pressure: async () => ({ base: 0, own: new Map() }),
        ...commands,
      },
      workspaces: () => [],
      isComplete: () => true,
      keepsPrewarm: () => false,
      goneSince: () => new Map(),
      mountPaths: () => ({}),
      listUsers: async () => [],
      dataVolumes: () => [],
      named: () => new Set(),
      onProgress: note('progress'),
      ...deps,
    },
    dryRun,
  );
  const request = (): CollectRequest => {
    if (collectRequest === null) throw new Error('no collection began');
    return collectRequest;
  };
  return { run, clock, done, changes, request };
}

function wordsOf(value: unknown): string {
  return typeof value === 'string' ? value : [...(value as Iterable<string>)].join(',');
}
