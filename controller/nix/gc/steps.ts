import type { CallOptions, DockerPort } from '../../docker/port.js';
import { delay, type Clock } from '../../model/clock.js';
import type { ObservedContainer } from '../../model/engine-objects.js';
import type { GcConfig, GcPreview, GcRoot } from '../../model/gc-status.js';
import { LABEL } from '../../model/names.js';
import { FailureError } from '../../model/reasons.js';
import { PREWARM, type Environments } from '../packages/environments.js';
import type { Imports } from '../images/imports.js';
import type { Collected, GcCommands } from './gc-commands.js';
import { createLinkLook } from './link-look.js';
import type { GcState } from './machine.js';
import { ownerOf } from './owners.js';
import { planRoots, type RootsPlan } from './plan-roots.js';
import { chooseExpired } from './pressure.js';
import { foretell } from './preview.js';
import { pathsInUse } from './processes.js';
import type { Generation, KnownLink, RootInventory } from './root-inventory.js';
import { refuseBesideOthers, startScanner, type Scanner } from './scanner.js';

/** A workspace whose spec names the cache. */
export interface GcWorkspace {
  readonly name: string;
  readonly hasPackages: boolean;
  readonly storageMountPath: string;
  /** Asks for its packages, as its own plan does. */
  readonly realise: () => void;
}

export interface GcStepsDependencies {
  readonly cache: string;
  readonly instance: string;
  readonly docker: DockerPort;
  readonly clock: Clock;
  readonly config: GcConfig;
  readonly image: string;
  readonly commands: GcCommands;
  readonly environments: Environments;
  readonly imports: Imports;
  /** What the specs say now. */
  readonly workspaces: () => readonly GcWorkspace[];
  /** Every source was read whole. */
  readonly isComplete: () => boolean;
  readonly keepsPrewarm: () => boolean;
  readonly goneSince: () => ReadonlyMap<string, number>;
  /** Of data volumes, also of workspaces that are gone. */
  readonly mountPaths: () => Readonly<Record<string, string>>;
  /** Containers in any state that mount the volume; no helpers of ours. */
  readonly listUsers: (calls: CallOptions) => Promise<readonly ObservedContainer[]>;
  /** Workspaces, with a spec or without, whose data volume is there. */
  readonly dataVolumes: () => readonly string[];
  /** Workspaces that a spec named at any time since the run began. */
  readonly named: () => ReadonlySet<string>;
  readonly onProgress: (words: string) => void;
}

/** What a run has come to, as far as it went. */
export interface GcFindings {
  readonly roots: readonly GcRoot[];
  readonly collected: Collected | null;
  readonly heldSeconds: number;
  readonly preview: Omit<GcPreview, 'cache'> | null;
  /** Workspaces and other containers that mount the cache. */
  readonly owners: readonly string[];
  /** Whose profiles and links the volume holds. */
  readonly kept: readonly string[];
}

type Step = Exclude<GcState, 'succeeded' | 'failed' | 'aborted'>;

/** Realisations are given so long to end by themselves before new ones have to wait, and then so long in all. */
const PATIENCE_MS = 10_000;
const LONGEST_GATE_MS = 300_000;
const RESTORE_MS = 120_000;
const POLL_MS = 20;

/** What each state of a run does; each throws what went wrong. A new one for every run. */
export function createGcSteps(deps: GcStepsDependencies, dryRun: boolean) {
  const { docker, clock, commands, environments, imports, cache, config, instance } = deps;
  let inventory: RootInventory | null = null;
  let users: readonly ObservedContainer[] = [];
  let pressed: ReadonlySet<Generation> = new Set();
  let scanner: Scanner | null = null;
  let processes: readonly string[] = [];
  let plan: RootsPlan | null = null;
  let collecting: Promise<Collected> | null = null;
  let collected: Collected | null = null;
  let preview: GcFindings['preview'] = null;
  let heldAt: number | null = null;
  let heldMs = 0;

  const look = createLinkLook({
    ...deps,
    specs: () => new Map(deps.workspaces().map(({ name, storageMountPath }) => [name, storageMountPath])),
    isRemembered: (name) =>
      !deps.isComplete() || clock.now() - (deps.goneSince().get(name) ?? -Infinity) < config.retainMs,
  });
  const known = (): RootInventory => inventory ?? unreachable();
  /** All that may start on a profile: what specs name, and what is there. */
  const live = () => {
    const named = [
      ...deps.named(),
      ...users.flatMap((user) => [ownerOf(user), user.labels[LABEL.workspace] ?? '']),
      ...(deps.keepsPrewarm() ? [PREWARM] : []),
    ];
    // Law 2: while a source cannot be read whole, nobody is known to be gone.
    return new Set(deps.isComplete() ? named : [...named, ...keptNames()]);
  };
  const keptNames = () =>
    inventory === null
      ? []
      : [
          ...new Set([
            ...inventory.profiles.keys(),
            ...inventory.generations.map(({ profile }) => profile),
            ...inventory.pins.map(({ owner }) => owner),
          ]),
        ];
  const planned = (): RootsPlan =>
    planRoots({
      inventory: known(),
      retainMs: config.retainMs,
      live: live(),
      goneSince: deps.goneSince(),
      now: clock.now(),
      found: look.found(),
      looked: new Set([...users.map(ownerOf), ...look.through()]),
      pressed,
    });

  async function listing(calls: CallOptions): Promise<void> {
    await refuseBesideOthers(docker, cache, deps.instance, calls);
    // What is linked meanwhile is not missing.
    const were = environments.profileNames();
    [inventory, users] = await Promise.all([commands.inventory(calls), deps.listUsers(calls)]);
    const dangling = known().generations.filter(
      ({ profile, number, path }) => known().profiles.get(profile) === number && known().invalid.has(path),
    );
    environments.dropProfiles([
      ...were.filter((name) => !known().profiles.has(name)),
      ...dangling.map(({ profile }) => profile),
    ]);
    environments.forget(known().invalid);
  }

  /** Only for those that are there: what has never started needs nothing kept. */
  async function restoring(calls: CallOptions): Promise<void> {
    const owners = new Set(users.map(ownerOf));
    const missing = () =>
      deps
        .workspaces()
        .filter(({ name, hasPackages }) => hasPackages && owners.has(name) && environments.known(name) === null);
    if (missing().length === 0) return;
    for (const { realise } of missing()) realise();
    await until(() => missing().length === 0 || !environments.isFlying(), RESTORE_MS, calls);
    const [first] = missing();
    if (first !== undefined)
      throw new FailureError({
        reason: 'EnvironmentMissing',
        message: `the packages of the workspace ${first.name} are not in the cache ${cache}, and cannot be realised`,
      });
    inventory = await commands.inventory(calls);
  }

  async function linking(calls: CallOptions): Promise<void> {
    await look.first(users, known().links, calls);
    await commands.changeRoots({ pin: look.found() }, calls);
  }

  async function preparing(calls: CallOptions): Promise<void> {
    scanner = await startScanner(docker, cache, deps.image, instance, config.deadlineMs + LONGEST_GATE_MS, calls);
    if (config.maxBytes === null) return;
    const first = planned();
    if (first.candidates.length === 0) return;
    const weights = await commands.pressure(
      first.lasting,
      first.candidates.map(({ path }) => path),
      calls,
    );
    pressed = chooseExpired(first.candidates, weights, config.maxBytes);
  }

  async function gating(calls: CallOptions): Promise<void> {
    const isBusy = () => environments.isFlying() || imports.isBusy();
    await until(() => !isBusy(), PATIENCE_MS, calls);
    heldAt = clock.now();
    environments.hold();
    imports.hold();
    await until(() => !isBusy(), LONGEST_GATE_MS, calls);
    if (isBusy())
      throw new FailureError({
        reason: 'GcBusy',
        message: `packages are still being realised: ${environments.underWay().join('; ') || 'an image is being imported'}`,
      });
  }

  async function freezing(calls: CallOptions): Promise<void> {
    let isFrozen: (links: readonly KnownLink[]) => void = () => undefined;
    const frozen = new Promise<readonly KnownLink[]>((resolve) => (isFrozen = resolve));
    const onDeleting = (path: string, count: number) =>
      deps.onProgress(`deleting ${path.slice('/nix/store/'.length + 33)} (${count})`);
    collecting = commands.collect(
      { dryRun, maxFreed: config.maxFreedPerRun, onFrozen: (links) => isFrozen(links), onDeleting },
      calls,
    );
    collecting.catch((error: unknown) => {
      // A collection that is not this run's is not this run's to end.
      if (error instanceof FailureError && error.failure.reason === 'GcBusy') collecting = null;
    });
    const [links, now] = await Promise.all([
      Promise.race([frozen, collecting.then(unreachable)]),
      deps.listUsers(calls),
    ]);
    await look.again(users, now, known().links, links, calls);
    users = now;
  }

  async function scanning(calls: CallOptions): Promise<void> {
    processes = await pathsInUse(docker, scanner ?? unreachable(), users, calls);
    plan = planned();
    if (dryRun) await commands.changeRoots({ pin: look.found(), run: processes, go: true }, calls);
  }

  async function expiring(calls: CallOptions): Promise<void> {
    // A link under way could meet its profile's removal.
    environments.seal();
    await until(() => !environments.isFlying(), LONGEST_GATE_MS, calls);
    plan = planned();
    // Whoever comes back now asks for its packages anew, behind the gate.
    environments.dropProfiles(plan.dropProfiles);
    const { pin, expire, dropProfiles, unpin, forget } = plan;
    await commands.changeRoots({ pin, run: processes, expire, dropProfiles, unpin, forget, go: true }, calls);
    environments.unseal();
  }

  async function collectingStep(calls: CallOptions): Promise<void> {
    collected = await (collecting ?? unreachable());
    environments.forget(new Set(dryRun ? [] : collected.dead.keys()));
    openGate();
    if (dryRun) preview = await foretell(commands, plan ?? unreachable(), rootsNow(), collected, calls);
  }

  async function verifying(calls: CallOptions): Promise<void> {
    const { mended, lost } = await commands.verify(calls);
    environments.forget(new Set(lost));
    const broken = [...lost, ...mended];
    if (broken.length > 0)
      throw new FailureError({
        reason: 'StoreDamaged',
        message: `${broken.length} paths in use were missing in the store of the cache ${cache}, such as ${broken[0]}`,
      });
  }

  /** Cut short, Nix may still be deleting: the gate stays closed until the keeper has its lock again. */
  async function mending(calls: CallOptions): Promise<void> {
    await commands.release(calls);
    openGate();
    await verifying(calls);
  }

  /** The end, whatever came before: what is left undone here only keeps more than it must, and goes with the next run. */
  async function ending(calls: CallOptions): Promise<void> {
    openGate();
    try {
      if (collecting !== null) await commands.release(calls);
    } finally {
      // The last: while it is there, no other controller begins.
      await scanner?.remove(calls);
    }
  }

  function openGate(): void {
    if (heldAt === null) return;
    heldMs = clock.now() - heldAt;
    heldAt = null;
    imports.letGo();
    environments.letGo();
  }

  async function until(isDone: () => boolean, withinMs: number, { signal }: CallOptions): Promise<void> {
    const deadline = clock.now() + withinMs;
    while (!isDone() && clock.now() < deadline) {
      await delay(clock, POLL_MS, signal);
      signal?.throwIfAborted();
    }
  }

  const rootsNow = (): GcRoot[] => [
    ...(plan?.roots ?? []),
    ...processes.map((path): GcRoot => ({ kind: 'process', owner: '-', from: 'a running process', path })),
  ];
  const steps: Readonly<Record<Step, (calls: CallOptions) => Promise<void>>> = {
    listing,
    restoring,
    linking,
    preparing,
    gating,
    freezing,
    scanning,
    expiring,
    collecting: collectingStep,
    verifying,
    mending,
    releasing: ending,
    failing: ending,
    aborting: ending,
  };
  return {
    steps,
    openGate,
    findings: (): GcFindings => ({
      roots: rootsNow(),
      collected,
      heldSeconds: heldMs / 1_000,
      preview,
      owners: users.map(ownerOf),
      kept: keptNames(),
    }),
  };
}

function unreachable(): never {
  throw new Error('a step of the collection ran before its time');
}
