import type { CallOptions, DockerPort } from '../../docker/port.js';
import { delay, type Clock } from '../../model/clock.js';
import type { ObservedContainer } from '../../model/engine-objects.js';
import type { GcConfig, GcPreview, GcRoot } from '../../model/gc.js';
import { LABEL, dataVolumeName, volumeProbeName, workspaceOfContainerName } from '../../model/names.js';
import { FailureError } from '../../model/reasons.js';
import type { Environments } from '../environments.js';
import type { Imports } from '../imports.js';
import type { Collected, GcCommands } from './gc-commands.js';
import { findLinks, type LinkSource } from './links.js';
import type { GcState } from './machine.js';
import { planRoots, type FoundLink, type RootsPlan } from './plan-roots.js';
import { chooseExpired } from './pressure.js';
import type { Generation, KnownLink, RootInventory } from './root-inventory.js';
import { startScanner, volumeProbeDefinition, type Scanner } from './scanner.js';

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
/** As a spec has it that says nothing else. */
const DEFAULT_STORAGE_PATH = '/workspace';

/** What each state of a run does; each throws what went wrong. A new one for every run. */
export function createGcSteps(deps: GcStepsDependencies, dryRun: boolean) {
  const { docker, clock, commands, environments, imports, cache, config, instance } = deps;
  let inventory: RootInventory | null = null;
  let users: readonly ObservedContainer[] = [];
  let found: readonly FoundLink[] = [];
  let pressed: ReadonlySet<Generation> = new Set();
  let scanner: Scanner | null = null;
  let processes: readonly string[] = [];
  let plan: RootsPlan | null = null;
  let collecting: Promise<Collected> | null = null;
  let collected: Collected | null = null;
  let preview: GcFindings['preview'] = null;
  let heldAt: number | null = null;
  let heldMs = 0;

  const known = (): RootInventory => inventory ?? unreachable();
  /** All that may start on a profile: what specs name, and what is there. */
  const live = () => {
    const named = [...deps.named(), ...users.flatMap((user) => [ownerOf(user), user.labels[LABEL.workspace] ?? '']), ...(deps.keepsPrewarm() ? ['.prewarm'] : [])];
    // Law 2: while a source cannot be read whole, nobody is known to be gone.
    return new Set(deps.isComplete() ? named : [...named, ...keptNames()]);
  };
  const keptNames = () => (inventory === null ? [] : [...new Set([...inventory.profiles.keys(), ...inventory.generations.map(({ profile }) => profile), ...inventory.pins.map(({ owner }) => owner)])]);
  const planned = (): RootsPlan =>
    planRoots({ inventory: known(), retainMs: config.retainMs, live: live(), goneSince: deps.goneSince(), now: clock.now(), found, looked: new Set([...users.map(ownerOf), ...probed]), pressed });
  const probed = new Set<string>();
  const tried = new Set<string>();

  async function listing(calls: CallOptions): Promise<void> {
    [inventory, users] = await Promise.all([commands.inventory(calls), deps.listUsers(calls)]);
    const dangling = known().generations.filter(({ profile, number, path }) => known().profiles.get(profile) === number && known().invalid.has(path));
    environments.dropProfiles([...environments.profileNames().filter((name) => !known().profiles.has(name)), ...dangling.map(({ profile }) => profile)]);
    environments.forget(known().invalid);
  }

  /** Only for those that are there: what has never started needs nothing kept. */
  async function restoring(calls: CallOptions): Promise<void> {
    const owners = new Set(users.map(ownerOf));
    const missing = () => deps.workspaces().filter(({ name, hasPackages }) => hasPackages && owners.has(name) && environments.known(name) === null);
    if (missing().length === 0) return;
    for (const { realise } of missing()) realise();
    await until(() => missing().length === 0 || !environments.isFlying(), RESTORE_MS, calls);
    const [first] = missing();
    if (first !== undefined) throw new FailureError({ reason: 'EnvironmentMissing', message: `the packages of the workspace ${first.name} are not in the cache ${cache}, and cannot be realised` });
    inventory = await commands.inventory(calls);
  }

  async function linking(calls: CallOptions): Promise<void> {
    found = [...(await findLinks(docker, users.map(sourceOf), known().links, calls)), ...(await inVolumes(users, () => known().links, calls))];
    await commands.changeRoots({ pin: found }, calls);
  }

  /** A workspace that has no container now has its files all the same; so has one that went, for as long as `retain`. */
  async function inVolumes(there: readonly ObservedContainer[], linksFor: (isProbed: boolean) => readonly KnownLink[], calls: CallOptions): Promise<FoundLink[]> {
    const owners = new Set(there.map(ownerOf));
    const specs = new Map(deps.workspaces().map(({ name, storageMountPath }) => [name, storageMountPath]));
    const isWanted = (name: string) => specs.has(name) || !deps.isComplete() || clock.now() - (deps.goneSince().get(name) ?? -Infinity) < config.retainMs;
    const all: FoundLink[] = [];
    for (const name of deps.dataVolumes()) {
      const links = linksFor(probed.has(name) || tried.has(name));
      if (owners.has(name) || links.length === 0 || !isWanted(name)) continue;
      tried.add(name);
      const probe = volumeProbeName(name);
      await docker.removeContainer(probe, true, calls);
      const containerId = await docker.createContainer(probe, volumeProbeDefinition(cache, deps.image, instance, dataVolumeName(name), specs.get(name) ?? deps.mountPaths()[name] ?? DEFAULT_STORAGE_PATH), calls);
      try {
        all.push(...(await findLinks(docker, [{ owner: name, containerId, containerName: probe }], links, calls)));
        // Where a workspace without a spec had its files is not known for sure: what is not found may be there.
        if (specs.has(name)) probed.add(name);
      } finally {
        await docker.removeContainer(containerId, true, calls);
      }
    }
    return all;
  }

  async function preparing(calls: CallOptions): Promise<void> {
    scanner = await startScanner(docker, cache, deps.image, instance, config.deadlineMs + LONGEST_GATE_MS, calls);
    if (config.maxBytes === null) return;
    const first = planned();
    if (first.candidates.length === 0) return;
    const going = new Set(first.candidates);
    const kept = [...first.roots.map(({ path }) => path)].filter((path) => ![...going].some((generation) => generation.path === path) || isKeptOtherwise(path, first));
    const weights = await commands.pressure(kept, first.candidates.map(({ path }) => path), calls);
    pressed = chooseExpired(first.candidates, weights, config.maxBytes);
  }

  async function gating(calls: CallOptions): Promise<void> {
    const isBusy = () => environments.isFlying() || imports.isBusy();
    await until(() => !isBusy(), PATIENCE_MS, calls);
    heldAt = clock.now();
    environments.hold();
    imports.hold();
    await until(() => !isBusy(), LONGEST_GATE_MS, calls);
    if (isBusy()) throw new FailureError({ reason: 'GcBusy', message: `packages are still being realised: ${environments.underWay().join('; ') || 'an image is being imported'}` });
  }

  async function freezing(calls: CallOptions): Promise<void> {
    let isFrozen: (links: readonly KnownLink[]) => void = () => undefined;
    const frozen = new Promise<readonly KnownLink[]>((resolve) => (isFrozen = resolve));
    const onDeleting = (path: string, count: number) => deps.onProgress(`deleting ${path.slice('/nix/store/'.length + 33)} (${count})`);
    collecting = commands.collect({ dryRun, maxFreed: config.maxFreedPerRun, onFrozen: (links) => isFrozen(links), onDeleting }, calls);
    collecting.catch((error: unknown) => {
      // A collection that is not this run's is not this run's to end.
      if (error instanceof FailureError && error.failure.reason === 'GcBusy') collecting = null;
    });
    const [links, now] = await Promise.all([Promise.race([frozen, collecting.then(unreachable)]), deps.listUsers(calls)]);
    const before = new Map(known().links.map((link) => [link.name, link]));
    const fresh = links.filter((link) => before.get(link.name)?.madeAt !== link.madeAt);
    const seen = new Set(users.map(({ id }) => id));
    const appeared = now.filter(({ id }) => !seen.has(id));
    const more = [...(await findLinks(docker, now.map(sourceOf), fresh, calls)), ...(await findLinks(docker, appeared.map(sourceOf), known().links, calls)), ...(await inVolumes(now, (isProbed) => (isProbed ? fresh : links), calls))];
    const keys = new Set(more.map(({ owner, name }) => `${owner}/${name}`));
    found = [...found.filter(({ owner, name }) => !keys.has(`${owner}/${name}`)), ...more];
    users = [...users.filter(({ id }) => now.some((one) => one.id === id)), ...appeared].map((one) => now.find(({ id }) => id === one.id) ?? one);
  }

  async function scanning(calls: CallOptions): Promise<void> {
    const { paths, unreadable, unseen } = await (scanner ?? unreachable()).scan(users.filter(isUp).map(({ id }) => id), calls);
    const [process] = unreadable;
    const nameOf = (id: string) => users.find((user) => user.id === id)?.name ?? id;
    if (process !== undefined) {
      const others = unreadable.length > 1 ? ` (and ${unreadable.length - 1} others)` : '';
      throw new FailureError({ reason: 'ProcessUnreadable', message: `process ${process.pid} (${process.program}) of the container ${nameOf(process.containerId)} cannot be read${others}` });
    }
    for (const id of unseen) {
      const container = await docker.inspectContainer(id, calls);
      if (container !== null && isUp(container)) throw new FailureError({ reason: 'ProcessUnreadable', message: `no process of the running container ${container.name} can be seen` });
    }
    processes = paths;
    plan = planned();
    if (dryRun) await commands.changeRoots({ pin: found, run: processes, go: true }, calls);
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
    if (dryRun) preview = await foretold(collected, calls);
  }

  async function foretold(found: Collected, calls: CallOptions): Promise<Omit<GcPreview, 'cache'>> {
    const { expiring, roots } = plan ?? unreachable();
    const { own } = await commands.pressure([...roots.map(({ path }) => path), ...processes], expiring.map(({ path }) => path), calls);
    const dead = new Map([...found.dead, ...[...own.values()].flatMap((paths) => [...paths])]);
    const rows = [...dead].map(([path, bytes]) => ({ path, bytes })).sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1));
    return { dead: rows, deadBytes: rows.reduce((sum, { bytes }) => sum + bytes, 0), keptPaths: found.livePaths, roots: rootsNow(), expiring };
  }

  async function verifying(calls: CallOptions): Promise<void> {
    const { mended, lost } = await commands.verify(calls);
    environments.forget(new Set(lost));
    const broken = [...lost, ...mended];
    if (broken.length > 0) throw new FailureError({ reason: 'StoreDamaged', message: `${broken.length} paths in use were missing in the store of the cache ${cache}, such as ${broken[0]}` });
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

  const rootsNow = (): GcRoot[] => [...(plan?.roots ?? []), ...processes.map((path): GcRoot => ({ kind: 'process', owner: '-', from: 'a running process', path }))];
  const steps: Readonly<Record<Step, (calls: CallOptions) => Promise<void>>> = {
    listing, restoring, linking, preparing, gating, freezing, scanning, expiring, collecting: collectingStep, verifying, mending, releasing: ending, failing: ending, aborting: ending,
  };
  return { steps, openGate, findings: (): GcFindings => ({ roots: rootsNow(), collected, heldSeconds: heldMs / 1_000, preview, owners: users.map(ownerOf), kept: keptNames() }) };
}

/** A path that a candidate keeps, and something else as well. */
function isKeptOtherwise(path: string, { roots, candidates }: RootsPlan): boolean {
  return roots.filter((root) => root.path === path).length > candidates.filter((generation) => generation.path === path).length;
}

/** A workspace's name for its own containers; for any other what no workspace is called. */
function ownerOf({ name, labels }: ObservedContainer): string {
  const workspace = workspaceOfContainerName(name);
  return workspace !== undefined && labels[LABEL.workspace] === workspace ? workspace : `~${name}`;
}

function sourceOf(container: ObservedContainer): LinkSource {
  return { owner: ownerOf(container), containerId: container.id, containerName: container.name };
}

function isUp({ state }: ObservedContainer): boolean {
  return state === 'running' || state === 'paused';
}

function unreachable(): never {
  throw new Error('a step of the collection ran before its time');
}
