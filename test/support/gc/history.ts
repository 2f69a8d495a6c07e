import type { GcModel } from './model.js';
import {
  closureOf,
  ENVIRONMENTS,
  FILES,
  GUEST,
  HOUR,
  inUse,
  closuresOf,
  isLongGone,
  isThere,
  keeperNow,
  linkName,
  nameOf,
  pathsIn,
  PATHS,
  PREWARM,
  WORKSPACES,
  type Owner,
} from './world.js';

/** One thing that happens: to whom, and with which of what there is. */
export interface Happening {
  readonly what: Action;
  readonly who: number;
  readonly which: number;
}

export type Action = keyof typeof ACTIONS;

type Work = (model: GcModel, of: Owner, which: number) => void | Promise<void>;

const PEOPLE = [...WORKSPACES, GUEST] as const;

/** What people, their workspaces and the controller do. What cannot be now changes nothing. */
export const ACTIONS = {
  spec: (model, of) => {
    if (of.name === GUEST || of.hasSpec) return;
    if (isLongGone(model.world, of)) lapse(of);
    // Over `maxBytes` its packages may have gone at any time: it asks for them anew.
    if (isLongGone(model.world, of) || model.world.maxBytes !== null) of.env = model.presentOf(of.name);
    of.hasSpec = true;
    model.noteBack(of.name);
  },
  unspec: (model, of) => {
    if (!of.hasSpec || of.isHidden) return;
    of.hasSpec = false;
    of.removedAt = model.world.now;
    model.noteGone(of.name);
    letGo(model, of);
  },
  /** As the controller does it: the container goes with its spec. */
  remove: (model, of, which) => {
    ACTIONS.unspec(model, of);
    ACTIONS.loseContainer(model, of);
    // Then nobody comes for a while.
    if (which % 2 === 0) ACTIONS.pass(model, of, which);
  },
  /** Its source cannot be read any more: the controller does not see it, and knows that it does not see all. */
  hide: (model, of) => {
    if (!of.hasSpec) return;
    of.isHidden = true;
    model.world.isComplete = false;
    model.noteGone(of.name);
    letGo(model, of);
  },
  unhide: (model) => {
    model.world.isComplete = true;
    for (const one of model.world.owners.values()) {
      if (one.isHidden) model.noteBack(one.name);
      one.isHidden = false;
    }
  },
  flip: (model, of, which) => flip(model, of, which),
  /** In two parts: nothing keeps an environment between its realisation and its link. */
  fly: (model, of, which) => {
    const path = PATHS[ENVIRONMENTS[which % ENVIRONMENTS.length]!]!;
    if (!of.hasSpec || of.isHidden || !model.gate(path).isOpen) return;
    model.world.store |= closureOf(path);
    model.fly(of.name, path);
  },
  land: (model) => model.land(),
  prewarm: (model, _, which) => flip(model, model.owner(PREWARM), which),
  /** Keeper and controller are killed in the middle of a switch. */
  halfFlip: (model, of, which) => {
    const path = PATHS[ENVIRONMENTS[which % ENVIRONMENTS.length]!]!;
    if (!of.hasSpec || of.isHidden || !model.gate(path).isOpen) return;
    model.world.store |= closureOf(path);
    model.link(of.name, path, true);
    model.loseKeeper();
    model.kill();
  },
  start: (model, of) => {
    if (!of.hasSpec && of.name !== GUEST) return;
    of.container ??= { id: `${of.name}-${(model.world.made += 1)}`, isUp: true };
    of.container.isUp = true;
  },
  stop: (model, of) => {
    if (of.container === null) return;
    of.container.isUp = false;
    endAll(model, of);
  },
  loseContainer: (model, of) => {
    if (of.container === null) return;
    of.container = null;
    endAll(model, of);
    if (of.name === GUEST) of.files.clear();
    letGo(model, of);
  },
  /** `nix build`, in three parts; the second and third are of those under way. */
  build: ({ world }, of, which) => {
    if (!of.container?.isUp || world.isFrozen) return;
    const path = PATHS[which % PATHS.length]!;
    world.store |= closureOf(path);
    world.builds.push({ owner: of.name, file: FILES[which % FILES.length]!, path, isFileMade: false });
  },
  buildOn: (model) => buildOn(model),
  buildWhole: (model, of, which) => {
    ACTIONS.build(model, of, which);
    while (!model.world.isFrozen && model.world.builds.length > 0) buildOn(model);
  },
  unlink: (_, of, which) => void (of.container?.isUp && of.files.delete(FILES[which % FILES.length]!)),
  /** Of what its link leads to, of its profile, of what anybody uses, or of what `nix shell` realises. */
  run: ({ world }, of, which) => {
    if (!of.container?.isUp) return;
    const own = [
      ...[...of.files.values()].filter(({ claimed }) => claimed).map(({ path }) => path),
      ...(of.env === null ? [] : [of.env]),
    ];
    const path = (which % 2 === 0 ? own[which % Math.max(1, own.length)] : undefined) ?? PATHS[which % PATHS.length]!;
    if (world.isFrozen && (closureOf(path) & ~closuresOf(inUse(world).map((one) => one.path))) !== 0) return;
    world.store |= closureOf(path);
    world.processes.push({ owner: of.name, path });
  },
  end: ({ world }, _, which) => void world.processes.splice(which % Math.max(1, world.processes.length), 1),
  pass: (model, _, which) => {
    // The daemon stands still for some seconds at most.
    model.world.now += model.world.isFrozen ? which * 50 : Math.floor((which / 63) ** 2 * 3 * HOUR);
  },
  gcStep: (model) => model.step(),
  gcRun: async (model) => {
    do await model.step();
    while (model.isRunning());
  },
  kill: (model) => model.kill(),
  killWithin: (model, _, which) => void (model.isRunning() && model.killAfterChanges(which % 8)),
  loseKeeper: (model) => model.loseKeeper(),
  /** What a killed controller began. */
  orphanCollects: (model) => void (model.isOrphaned() && model.collect()),
} satisfies Record<string, Work>;

export async function happen(model: GcModel, { what, who, which }: Happening): Promise<void> {
  const work: Work = ACTIONS[what];
  await work(model, model.owner(PEOPLE[who % PEOPLE.length]!), which);
}

/**
 * Everybody comes to rest, and everything is old; then two whole runs, for what goes away during the first is noted
 * with it.
 */
export async function comeToRest(model: GcModel): Promise<void> {
  model.land();
  while (model.isRunning()) await model.step();
  if (model.isCollecting()) model.collect();
  ACTIONS.unhide(model);
  while (model.world.builds.length > 0) buildOn(model);
  for (let left = 2; left > 0; left -= 1) {
    model.world.now += 30 * HOUR;
    await ACTIONS.gcRun(model);
  }
}

/**
 * What is left of the store though nothing uses it. A generation behind the present one stays until the next switch.
 */
export function leftOver({ world }: GcModel): string[] {
  const behind = [...world.generations.values()].filter(
    ({ profile, number }) => isThere(world.owners.get(profile)!) && number > (world.profiles.get(profile) ?? 0),
  );
  return pathsIn(world.store & ~closuresOf([...inUse(world), ...behind].map(({ path }) => path))).map((path) =>
    nameOf(path),
  );
}

function flip(model: GcModel, of: Owner, which: number): void {
  const path = PATHS[ENVIRONMENTS[which % ENVIRONMENTS.length]!]!;
  if ((!of.hasSpec && of.name !== PREWARM) || of.isHidden) return;
  const { isOpen, isHeldByProfile } = model.gate(path);
  if (!isOpen && !(isHeldByProfile && (closureOf(path) & ~model.world.store) === 0)) return;
  model.world.store |= closureOf(path);
  model.link(of.name, path);
}

function buildOn({ world, owner }: GcModel): void {
  const [build] = world.builds;
  if (build === undefined || world.isFrozen) return;
  const { file, path } = build;
  if (!build.isFileMade) {
    build.isFileMade = true;
    owner(build.owner).files.set(file, { path, claimed: false });
    return;
  }
  world.builds.shift();
  world.links.set(linkName(file), {
    name: linkName(file),
    file,
    madeAt: String((keeperNow(world) + (world.made += 1) / 1_000) / 1_000),
  });
  const made = owner(build.owner).files.get(file);
  if (made?.path === path) made.claimed = true;
}

function endAll({ world }: GcModel, { name }: Owner): void {
  world.processes = world.processes.filter((process) => process.owner !== name);
  world.builds = world.builds.filter((build) => build.owner !== name);
}

/** Nobody can look for its links any more: those stay that a run has noted. */
function letGo({ world }: GcModel, of: Owner): void {
  if (of.container !== null || (of.hasSpec && !of.isHidden)) return;
  for (const [file, found] of of.files)
    if (!world.pins.has(`${of.name}/${linkName(file)} ${found.path}`)) found.claimed = false;
}

/** Back after more than `retain`: what is still there is there by chance. */
function lapse(of: Owner): void {
  for (const found of of.files.values()) found.claimed = false;
  of.flipped = [];
}
