import type { Generation, KnownLink, Pin } from '../../../controller/nix/gc/root-inventory.js';

/**
 * What stands in a cache's volume and in front of it, as far as roots go. A set of store paths is a bit mask of their
 * indices.
 */

export const HOUR = 3_600_000;
export const FILES = ['/workspace/result', '/workspace/.direnv/flake-profile'] as const;
export const WORKSPACES = ['alice', 'alice-1', 'bob'] as const;
/** No spec names it: a container that somebody made by hand; its files go with it. */
export const GUEST = 'guest_9';
export const PREWARM = '.prewarm';

/** Environments, what users build, and what both refer to: small closures that overlap. */
const REFERENCES: readonly (readonly number[])[] = [
  [8],
  [8, 9],
  [9, 10],
  [],
  [8, 11],
  [10],
  [],
  [4],
  [],
  [8],
  [11],
  [],
  [],
];
export const ENVIRONMENTS = [0, 1, 2, 3] as const;
export const PATHS = REFERENCES.map((_, index) => `/nix/store/${'0123456789abc'[index]!.repeat(32)}-p${index}`);
const indexOf = new Map(PATHS.map((path, index) => [path, index]));
const CLOSURES = REFERENCES.map((_, index) => closureFrom(index));
/** The keeper's own, an image's and one that somebody made a root by hand. */
export const FIXED = { keeper: 11, image: 12, other: 6 } as const;

function closureFrom(index: number): number {
  return (REFERENCES[index] ?? []).reduce((mask, next) => mask | closureFrom(next), 1 << index);
}

export function closureOf(path: string): number {
  return CLOSURES[indexOf.get(path) ?? -1] ?? 0;
}

export function closuresOf(paths: Iterable<string>): number {
  let mask = 0;
  for (const path of paths) mask |= closureOf(path);
  return mask;
}

export function pathsIn(mask: number): string[] {
  return PATHS.filter((_, index) => (mask & (1 << index)) !== 0);
}

export function nameOf(path: string): string {
  return path.slice(path.indexOf('-') + 1);
}

export function linkName(file: string): string {
  return `h${FILES.findIndex((one) => one === file)}`;
}

export interface FileLink {
  path: string;
  /**
   * Whether what it leads to is promised to stay. What a client has just made is; what nobody had noted when its
   * workspace went, or what was away for longer than `retain`, is once a run begins that finds it there.
   */
  claimed: boolean;
}

/** A workspace, or the guest. */
export interface Owner {
  readonly name: string;
  hasSpec: boolean;
  /** Its source cannot be read: the controller does not see that there is one. */
  isHidden: boolean;
  container: { readonly id: string; isUp: boolean } | null;
  /** The environment in its profile. */
  env: string | null;
  /** In the data volume; they outlive container and spec. */
  readonly files: Map<string, FileLink>;
  /** When its spec went, on the controller's clock. */
  removedAt: number;
  /** What its profile held before, and when it was flipped away, on the keeper's clock. */
  flipped: { readonly path: string; readonly at: number }[];
}

/**
 * A client's `nix build` under way: the daemon keeps its path for it, then the file is made, then the link is known.
 */
export interface Build {
  readonly owner: string;
  readonly file: string;
  readonly path: string;
  isFileMade: boolean;
}

export interface World {
  now: number;
  /** Of the keeper's clock against the controller's. */
  readonly skew: number;
  readonly retainMs: number;
  readonly maxBytes: number | null;
  store: number;
  readonly generations: Map<string, Generation>;
  readonly profiles: Map<string, number>;
  readonly links: Map<string, KnownLink>;
  readonly pins: Map<string, Pin>;
  readonly run: Set<string>;
  readonly owners: ReadonlyMap<string, Owner>;
  processes: { readonly owner: string; readonly path: string }[];
  builds: Build[];
  /** The daemon stands still. */
  isFrozen: boolean;
  isComplete: boolean;
  made: number;
}

export interface WorldSettings {
  readonly skew: number;
  readonly retainMs: number;
  readonly maxBytes: number | null;
}

export function createWorld(settings: WorldSettings): World {
  const owner = (name: string): Owner => ({
    name,
    hasSpec: false,
    isHidden: false,
    container: null,
    env: null,
    files: new Map(),
    removedAt: -Infinity,
    flipped: [],
  });
  return {
    ...settings,
    now: 1_700_000_000_000,
    store: closuresOf(Object.values(FIXED).map((index) => PATHS[index]!)),
    generations: new Map(),
    profiles: new Map(),
    links: new Map(),
    pins: new Map(),
    run: new Set(),
    owners: new Map([...WORKSPACES, GUEST, PREWARM].map((name) => [name, owner(name)])),
    processes: [],
    builds: [],
    isFrozen: false,
    isComplete: true,
    made: 0,
  };
}

export function keeperNow({ now, skew }: World): number {
  return now + skew;
}

export function isThere({ hasSpec, container, name }: Owner): boolean {
  return hasSpec || container !== null || name === PREWARM;
}

export function isLongGone(world: World, owner: Owner): boolean {
  return !isThere(owner) && world.now - owner.removedAt >= world.retainMs;
}

/** What nobody may delete now, by whom it is needed. */
export function inUse(world: World): { readonly why: string; readonly path: string }[] {
  const used = Object.entries(FIXED).map(([why, index]) => ({ why, path: PATHS[index]! }));
  for (const owner of world.owners.values()) {
    if (isLongGone(world, owner)) continue;
    for (const [file, { path, claimed }] of owner.files) if (claimed) used.push({ why: `${owner.name}:${file}`, path });
    // Over `maxBytes` what is not in use goes before its time.
    if (owner.env !== null && (isThere(owner) || world.maxBytes === null))
      used.push({ why: `${owner.name}: packages`, path: owner.env });
    if (world.maxBytes !== null) continue;
    for (const { path, at } of owner.flipped)
      if (keeperNow(world) - at < world.retainMs) used.push({ why: `${owner.name}: packages before`, path });
  }
  for (const { owner, path } of world.processes) used.push({ why: `${owner}: a process`, path });
  for (const { owner, path } of world.builds) used.push({ why: `${owner}: a build`, path });
  return used;
}

/** What is missing of what is in use. */
export function missing(world: World): string[] {
  const paths = inUse(world).flatMap(({ why, path }) =>
    pathsIn(closureOf(path) & ~world.store).map(
      (lost) => `${nameOf(lost)} is gone, and in use (${why} -> ${nameOf(path)})`,
    ),
  );
  if (world.maxBytes !== null) return paths;
  const lost = [...world.owners.values()].filter(
    (owner) =>
      owner.env !== null &&
      !isLongGone(world, owner) &&
      world.generations.get(`${owner.name}-${world.profiles.get(owner.name)}`)?.path !== owner.env,
  );
  return [...paths, ...lost.map(({ name }) => `the profile of ${name} leads to its packages no more`)];
}

/** What Nix's own collection deletes: no root's closure, and of no client that is connected. */
export function dead(world: World): number {
  const roots = [
    ...[...world.generations.values(), ...world.pins.values(), ...world.builds].map(({ path }) => path),
    ...world.run,
    ...Object.values(FIXED).map((index) => PATHS[index]!),
  ];
  // Of a root that leads to what is not there Nix knows no closure.
  return world.store & ~closuresOf(roots.filter((path) => (closureOf(path) & ~world.store) === 0));
}
