import type { CallOptions, DockerPort } from '../../docker/port.js';
import type { Clock } from '../../model/clock.js';
import type { ObservedContainer } from '../../model/engine-objects.js';
import type { GcConfig, GcPreview, GcRoot } from '../../model/gc-status.js';
import { LABEL } from '../../model/names.js';
import type { Imports } from '../images/imports.js';
import { PREWARM, type Environments } from '../packages/environments.js';
import type { Collected } from './collect.js';
import type { GcCommands } from './gc-commands.js';
import { newLinkLook, type LinkLook } from './link-look.js';
import { ownerOf } from './owners.js';
import { planRoots, type RootsPlan } from './plan-roots.js';
import type { Generation, RootInventory } from './root-inventory.js';
import type { Scanner } from './scanner.js';

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
  /** Paths of data volumes by workspace, also of workspaces that are gone. */
  readonly mountPaths: () => Readonly<Record<string, string>>;
  /** Containers in any state that mount the volume, without our own helpers. */
  readonly listUsers: (calls: CallOptions) => Promise<readonly ObservedContainer[]>;
  /** Workspaces, with a spec or without, whose data volume is there. */
  readonly dataVolumes: () => readonly string[];
  /** Workspaces that a spec named at any time since the run began. */
  readonly named: () => ReadonlySet<string>;
  readonly onProgress: (words: string) => void;
}

/**
 * What one run has found so far and what it holds. Only the steps change it, and each field only in the steps named
 * there.
 */
export interface GcRunState {
  readonly deps: GcStepsDependencies;
  readonly dryRun: boolean;
  /** Links in users' files. Linking, freezing. */
  readonly look: LinkLook;
  /** Listing, restoring. */
  inventory: RootInventory | null;
  /** Containers that mount the cache. Listing, freezing. */
  users: readonly ObservedContainer[];
  /** Preparing; removed at the end. */
  scanner: Scanner | null;
  /** Generations that go before their time, because the store is over `maxBytes`. Preparing. */
  pressed: ReadonlySet<Generation>;
  /**
   * When realisations began to wait, in ms since the epoch; null: they do not wait. Gating, and whatever opens the
   * gate.
   */
  heldAt: number | null;
  /** For how long they waited. Whatever opens the gate. */
  heldMs: number;
  /** The collection in the keeper, from the daemon's standstill on; null: none of this run. Freezing. */
  collecting: Promise<Collected> | null;
  /** Its process id there, once the daemon stands still. Freezing. */
  collector: number | null;
  /** Store paths that running processes use. Scanning. */
  processes: readonly string[];
  /** Scanning, expiring. */
  plan: RootsPlan | null;
  /** Collecting. */
  collected: Collected | null;
  /** Collecting, in a dry run. */
  preview: GcFindings['preview'];
}

/** What a run has come to, as far as it went. */
export interface GcFindings {
  readonly roots: readonly GcRoot[];
  readonly collected: Collected | null;
  readonly heldSeconds: number;
  readonly preview: Omit<GcPreview, 'cache'> | null;
  /** Workspaces and other containers that mount the cache. */
  readonly owners: readonly string[];
  /** Owners of the profiles and links in the volume. */
  readonly kept: readonly string[];
}

/** The state of a run that has done nothing yet. */
export function newGcRunState(deps: GcStepsDependencies, dryRun: boolean): GcRunState {
  return {
    deps,
    dryRun,
    look: newLinkLook(),
    inventory: null,
    users: [],
    scanner: null,
    pressed: new Set(),
    heldAt: null,
    heldMs: 0,
    collecting: null,
    collector: null,
    processes: [],
    plan: null,
    collected: null,
    preview: null,
  };
}

/** What the run has come to so far. */
export function findingsOf(run: GcRunState): GcFindings {
  return {
    roots: rootsOf(run),
    collected: run.collected,
    heldSeconds: run.heldMs / 1_000,
    preview: run.preview,
    owners: run.users.map(ownerOf),
    kept: keptNames(run),
  };
}

/** The roots that stay, and what running processes use. */
export function rootsOf({ plan, processes }: GcRunState): GcRoot[] {
  return [
    ...(plan?.roots ?? []),
    ...processes.map((path): GcRoot => ({ kind: 'process', owner: '-', from: 'a running process', path })),
  ];
}

/** Which roots stay and which go, by what the run knows now. */
export function planNow(run: GcRunState): RootsPlan {
  const { deps, look, users, pressed } = run;
  return planRoots({
    inventory: found(run.inventory),
    retainMs: deps.config.retainMs,
    graceMs: deps.config.graceMs,
    live: liveNames(run),
    goneSince: deps.goneSince(),
    now: deps.clock.now(),
    found: look.found,
    looked: new Set([...users.map(ownerOf), ...look.through]),
    pressed,
  });
}

/** What an earlier step has found. Throws where that step did not run, which the machine rules out. */
export function found<T>(value: T | null): T {
  if (value === null) throw new Error('a step of the collection ran before its time');
  return value;
}

/** All that may start on a profile: what specs name, and what is there. */
function liveNames(run: GcRunState): ReadonlySet<string> {
  const { deps, users } = run;
  const names = [
    ...deps.named(),
    ...users.flatMap((user) => [ownerOf(user), user.labels[LABEL.workspace] ?? '']),
    ...(deps.keepsPrewarm() ? [PREWARM] : []),
  ];
  // Law 2: while a source cannot be read whole, nobody is known to be gone.
  return new Set(deps.isComplete() ? names : [...names, ...keptNames(run)]);
}

function keptNames({ inventory }: GcRunState): string[] {
  if (inventory === null) return [];
  return [
    ...new Set([
      ...inventory.profiles.keys(),
      ...inventory.generations.map(({ profile }) => profile),
      ...inventory.pins.map(({ owner }) => owner),
    ]),
  ];
}
