import type { GcConfig } from '../../../controller/model/gc-status.js';
import { FailureError } from '../../../controller/model/reasons.js';
import type { Collected } from '../../../controller/nix/gc/collect.js';
import type { GcCommands } from '../../../controller/nix/gc/gc-commands.js';
import { firstGcState, nextGcState, type GcEvent, type GcState } from '../../../controller/nix/gc/machine.js';
import { goneAfter } from '../../../controller/nix/gc/gone.js';
import type { RootInventory } from '../../../controller/nix/gc/root-inventory.js';
import type { GcStepsDependencies } from '../../../controller/nix/gc/run-state.js';
import { createGcWork, type GcStep, type GcWork } from '../../../controller/nix/gc/steps.js';
import { createGcEngine } from './engine.js';
import {
  closureOf,
  closuresOf,
  dead,
  FIXED,
  HOUR,
  isThere,
  keeperNow,
  missing,
  pathsIn,
  PATHS,
  PREWARM,
  WORKSPACES,
  type Owner,
  type World,
} from './world.js';

/** The real steps of a collection on a world of this kind, one at a time, so that anything may happen in between. */
export type GcModel = ReturnType<typeof createGcModel>;

type Run = { readonly work: GcWork; readonly startedAt: number; state: GcState };
type Collection = {
  readonly collector: number;
  isTold: boolean;
  isOrphaned: boolean;
  readonly end: (result: Collected) => void;
};

/** The controller is killed. */
const KILLED = new Error('killed');
/** As `collector.ts` has it. */
const FORGET_MS = 86_400_000;

const FIRST = firstGcState({ dryRun: false });
/** The machine is asked once an edge: a hundred thousand transitions of it take minutes. */
const edges = new Map<string, GcState>();

function next(state: GcState, event: GcEvent): GcState {
  const key = `${state} ${event.type}`;
  const known = edges.get(key) ?? nextGcState(state, event, { dryRun: false });
  edges.set(key, known);
  return known;
}

export function createGcModel(world: World) {
  let run: Run | null = null;
  /** In the keeper: it goes on when the controller that began it is killed. */
  let collection: Collection | null = null;
  let collectors = 0;
  let isKeeperLost = false;
  /** Changes of roots until the controller is killed. */
  let changesLeft = Infinity;
  let isHeld = false;
  let isSealed = false;
  /** Specs that were there at any time since the run began. */
  let named = new Set<string>();
  let goneSince = new Map<string, number>();
  /** What the controller knows of profiles: environment by owner. */
  let profiles = new Map<string, string>();
  /** Realised, and about to be linked: nothing keeps them yet. */
  let flights: { readonly name: string; readonly path: string }[] = [];
  const faults: string[] = [];

  const engine = createGcEngine(world, WORKSPACES[0]);
  const owner = (name: string): Owner => world.owners.get(name)!;
  const seenSpecs = () => [...world.owners.values()].filter(({ hasSpec, isHidden }) => hasSpec && !isHidden);
  /** What its profile leads to, if that is there. */
  const presentOf = (name: string) => {
    const path = currentOf(name);
    return path === null || (closureOf(path) & ~world.store) !== 0 ? null : path;
  };
  const currentOf = (name: string) => world.generations.get(`${name}-${world.profiles.get(name) ?? 0}`)?.path ?? null;

  function ask(): void {
    if (isKeeperLost) throw new FailureError({ reason: 'KeeperNotReady', message: 'the keeper is away' });
  }

  function inventory(): RootInventory {
    ask();
    if (collection === null) world.run.clear();
    const all = [...world.generations.values()];
    return {
      now: keeperNow(world),
      generations: all,
      profiles: new Map(world.profiles),
      links: [...world.links.values()],
      pins: [...world.pins.values()],
      images: new Map([['sha256:1', [PATHS[FIXED.image]!]]]),
      keeper: [PATHS[FIXED.keeper]!],
      others: [{ from: '/nix/var/nix/gcroots/mine', path: PATHS[FIXED.other]! }],
      invalid: new Set(all.map(({ path }) => path).filter((path) => (closureOf(path) & ~world.store) !== 0)),
    };
  }

  /** In the script's order; a kill leaves what has been done until then. */
  const changeRoots: GcCommands['changeRoots'] = async (change) => {
    ask();
    if (change.go !== undefined && change.go !== collection?.collector)
      throw new FailureError({ reason: 'KeeperNotReady', message: 'the collection has ended' });
    const each = <T>(list: readonly T[] | undefined, work: (one: T) => void) => {
      for (const one of list ?? []) {
        if (changesLeft <= 0) throw KILLED;
        changesLeft -= 1;
        work(one);
      }
    };
    each(change.pin, ({ owner: of, name, path }) =>
      world.pins.set(`${of}/${name} ${path}`, { owner: of, name, path, seenAt: keeperNow(world) }),
    );
    each(change.run, (path) => world.run.add(path));
    each(change.dropProfiles, (name) => world.profiles.delete(name));
    each(change.expire, ({ profile, number }) => world.generations.delete(`${profile}-${number}`));
    each(change.unpin, ({ owner: of, name, path }) => world.pins.delete(`${of}/${name} ${path}`));
    each(change.forget, (name) => world.links.delete(name));
    if (change.go !== undefined && collection !== null) collection.isTold = true;
    // Told, and killed before it hears of it.
    if (changesLeft <= 0) throw KILLED;
  };

  const commands: GcCommands = {
    inventory: async () => inventory(),
    changeRoots,
    collect: ({ onFrozen }) => {
      if (collection !== null)
        return Promise.reject(
          new FailureError({ reason: 'GcBusy', message: 'another collection is under way in this keeper' }),
        );
      ask();
      world.isFrozen = true;
      const result = new Promise<Collected>(
        (resolve) => (collection = { collector: (collectors += 1), isTold: false, isOrphaned: false, end: resolve }),
      );
      onFrozen([...world.links.values()], collectors);
      return result;
    },
    verify: async () => ({ mended: [], lost: [] }),
    release: async () => {
      collection = null;
      world.isFrozen = false;
      world.run.clear();
      ask();
    },
    optimise: async () => undefined,
    pressure: async (keep, candidates) => {
      const base = closuresOf(keep);
      const own = candidates.map(
        (path) => [path, new Map(pathsIn(closureOf(path) & ~base).map((one) => [one, 1]))] as const,
      );
      return { base: pathsIn(base).length, own: new Map(own) };
    },
  };

  const environments = {
    isFlying: () => flights.length > 0,
    seal: () => void (isSealed = true),
    unseal: () => void (isSealed = false),
    hold: () => void (isHeld = true),
    letGo: () => void ([isHeld, isSealed] = [false, false]),
    profileNames: () => [...profiles.keys()],
    dropProfiles: (names: readonly string[]) => names.forEach((name) => profiles.delete(name)),
    known: (name: string) => profiles.get(name) ?? null,
    forget: (paths: ReadonlySet<string>) =>
      [...profiles].forEach(([name, path]) => paths.has(path) && profiles.delete(name)),
    underWay: () => [],
  };

  const deps = (): GcStepsDependencies => ({
    cache: 'team',
    instance: 'default',
    image: 'keeper',
    commands,
    docker: engine.docker,
    clock: {
      now: () => world.now,
      // Whoever waits waits for those.
      after(_, task) {
        land();
        queueMicrotask(task);
        return () => undefined;
      },
    },
    config: {
      retainMs: world.retainMs,
      graceMs: 0,
      maxBytes: world.maxBytes,
      maxFreedPerRun: null,
      deadlineMs: HOUR,
    } as GcConfig,
    environments: environments as unknown as GcStepsDependencies['environments'],
    imports: {
      isBusy: () => false,
      hold: () => undefined,
      letGo: () => undefined,
    } as unknown as GcStepsDependencies['imports'],
    workspaces: () =>
      seenSpecs().map(({ name, env }) => ({
        name,
        hasPackages: env !== null,
        storageMountPath: '/workspace',
        realise: () => void (env !== null && link(name, env)),
      })),
    isComplete: () => world.isComplete,
    keepsPrewarm: () => owner(PREWARM).env !== null,
    goneSince: () => goneSince,
    listUsers: async () => engine.users(),
    dataVolumes: () => [...WORKSPACES],
    named: () => named,
    mountPaths: () => ({}),
    onProgress: () => undefined,
  });

  /** As `LINK_SCRIPT` does: a generation, then the switch; half of it when the keeper is killed in between. */
  function link(name: string, path: string, isCut = false): void {
    const of = owner(name);
    if (currentOf(name) !== path) {
      const present = world.profiles.get(name) ?? Infinity;
      for (const [key, { profile, number }] of world.generations)
        if (profile === name && number > present) world.generations.delete(key);
      const last = Math.max(
        0,
        ...[...world.generations.values()].filter(({ profile }) => profile === name).map(({ number }) => number),
      );
      world.generations.set(`${name}-${last + 1}`, { profile: name, number: last + 1, path, madeAt: keeperNow(world) });
      if (isCut) return;
      world.profiles.set(name, last + 1);
    }
    if (of.env !== null && of.env !== path) of.flipped.push({ path: of.env, at: keeperNow(world) });
    of.env = path;
    profiles.set(name, path);
  }

  function land(): void {
    for (const { name, path } of flights.splice(0)) if (owner(name).hasSpec && !owner(name).isHidden) link(name, path);
  }

  function collect(): void {
    const going = dead(world);
    world.store &= ~going;
    world.isFrozen = false;
    collection?.end({
      dead: new Map(pathsIn(going).map((path) => [path, 0])),
      livePaths: 0,
      freedBytes: 0,
      freedPaths: 0,
      leftPaths: 0,
    });
    collection = null;
    faults.push(...missing(world));
  }

  function kill(): void {
    run = null;
    [isHeld, isSealed] = [false, false];
    flights = [];
    changesLeft = Infinity;
    // Without the word to go on the collector gives up, and the daemon goes on.
    if (collection?.isTold === false) [collection, world.isFrozen] = [null, false];
    if (collection !== null) collection.isOrphaned = true;
    profiles = new Map(
      [...world.profiles.keys()].flatMap((name) => {
        const path = presentOf(name);
        return path === null ? [] : [[name, path] as const];
      }),
    );
  }

  /** What a run that begins now finds there is promised from here on. */
  function claim(): void {
    for (const one of world.owners.values()) {
      if (!isThere(one) || (one.isHidden && one.container === null)) continue;
      for (const [file, found] of one.files) {
        const isKnown = [...world.links.values()].some((known) => known.file === file);
        if (isKnown && (closureOf(found.path) & ~world.store) === 0) found.claimed = true;
      }
    }
  }

  /** As the collector does. */
  function settle({ startedAt, state, work }: Run): void {
    const wanted = [...seenSpecs().map(({ name }) => name), ...(owner(PREWARM).env === null ? [] : [PREWARM])];
    const findings = work.findings();
    const forgetBefore = state === 'succeeded' ? world.now - Math.max(world.retainMs, FORGET_MS) : -Infinity;
    goneSince = new Map(
      Object.entries(goneAfter(Object.fromEntries(goneSince), findings, new Set(wanted), startedAt, forgetBefore)),
    );
    world.now += 1;
  }

  return {
    world,
    owner,
    link,
    land,
    kill,
    collect,
    fly: (name: string, path: string) => void flights.push({ name, path }),
    faults: (): readonly string[] => faults,
    isRunning: () => run !== null,
    isCollecting: () => collection !== null,
    /** The collection of a controller that was killed after the word to go on. */
    isOrphaned: () => collection?.isOrphaned === true,
    state: () => run?.state ?? null,
    killAfterChanges: (count: number) => void (changesLeft = count),
    /** Whether a workspace may get this environment now, and whether its paths have to be realised first. */
    gate: (path: string) => ({
      isOpen: !isHeld && !world.isFrozen,
      isHeldByProfile: !isSealed && [...profiles.values()].includes(path),
    }),
    noteGone: (name: string) => void (goneSince.has(name) || goneSince.set(name, world.now)),
    noteBack(name: string): void {
      goneSince.delete(name);
      named.add(name);
    },
    presentOf,
    /**
     * Its processes end with it, and with them what the daemon kept for clients; the next one is there at the next
     * action.
     */
    loseKeeper(): void {
      isKeeperLost = run !== null;
      collection = null;
      world.isFrozen = false;
      world.builds = [];
      flights = [];
    },
    /** The next step of the run; of a new one when none is under way. */
    async step(): Promise<void> {
      if (run === null) named = new Set(seenSpecs().map(({ name }) => name));
      run ??= { work: createGcWork(deps(), false), startedAt: world.now, state: FIRST };
      const now = run;
      const state = now.state as GcStep;
      if (state === 'listing') claim();
      if (state === 'collecting' && !isKeeperLost) collect();
      let event: GcEvent = { type: 'DONE' };
      try {
        if (state === 'collecting') ask();
        await now.work.step(state, {});
      } catch (error) {
        if (error === KILLED) return kill();
        if (!(error instanceof FailureError)) throw error;
        event = { type: 'FAILED' };
        isKeeperLost = false;
      }
      now.state = next(now.state, event);
      if (now.state !== 'succeeded' && now.state !== 'failed' && now.state !== 'aborted') return;
      settle(now);
      now.work.openGate();
      run = null;
      isKeeperLost = false;
      changesLeft = Infinity;
    },
  };
}
