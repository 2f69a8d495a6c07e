import type { GcRoot, RootCounts, RootKind } from '../../model/gc-status.js';
import { ROOT_KINDS } from '../../model/gc-status.js';
import { groupBy } from '../../model/group-by.js';
import type { Generation, Pin, RootInventory } from './root-inventory.js';

/** A link that was found in a container, or in a data volume. */
export interface FoundLink {
  readonly owner: string;
  /** That of the `KnownLink`. */
  readonly name: string;
  readonly file: string;
  readonly path: string;
}

export interface RootsInput {
  readonly inventory: RootInventory;
  readonly retainMs: number;
  /** A generation made less than this long ago stays, whatever else is known. */
  readonly graceMs: number;
  /** Profiles of workspaces that a spec or a container names, and of the prewarmed packages when there are some. */
  readonly live: ReadonlySet<string>;
  /** For profiles that nobody names any more: since when, in ms on the controller's clock, whose time `now` is. */
  readonly goneSince: ReadonlyMap<string, number>;
  readonly now: number;
  readonly found: readonly FoundLink[];
  /** Owners whose every link was looked for: what was not found there is not there. */
  readonly looked: ReadonlySet<string>;
  /** Candidates over `maxBytes` that go before their time. */
  readonly pressed: ReadonlySet<Generation>;
}

export interface RootsPlan {
  /** Roots to make, or to note as seen. */
  readonly pin: readonly FoundLink[];
  readonly unpin: readonly Pin[];
  /** Names of known links that lead nowhere any more, and have done so for long. */
  readonly forget: readonly string[];
  readonly expire: readonly Generation[];
  /** Profiles that go with their generations. */
  readonly dropProfiles: readonly string[];
  /** What stays, by kind; what processes use comes on top. */
  readonly roots: readonly GcRoot[];
  readonly expiring: readonly GcRoot[];
  /** What could go before its time, the longest unused first. */
  readonly candidates: readonly Generation[];
  /** Store paths of all roots that stay but the candidates' own. */
  readonly lasting: readonly string[];
}

/** A client makes the link's name known after the file. */
const FORGOTTEN_MS = 3_600_000;

/** Which roots stay and which go. Pure; what is unknown stays. */
export function planRoots(input: RootsInput): RootsPlan {
  const { inventory, found } = input;
  const byProfile = groupBy(inventory.generations, ({ profile }) => profile);
  const unused = inventory.generations.map((generation) => ({
    generation,
    since: unusedSince(generation, byProfile.get(generation.profile) ?? [], input),
  }));
  const candidates = unused
    .flatMap(({ generation, since }) =>
      since === null || inventory.now - generation.madeAt < input.graceMs ? [] : [{ generation, since }],
    )
    .sort((a, b) => a.since - b.since);
  const isOver = ({ generation, since }: { generation: Generation; since: number }) =>
    clockOf(generation, input) - since >= input.retainMs || input.pressed.has(generation);
  const expire = candidates.filter(isOver).map(({ generation }) => generation);
  const gone = new Set(expire);
  const kept = inventory.generations.filter((generation) => !gone.has(generation));
  const keptProfiles = new Set(kept.map(({ profile }) => profile));
  const files = new Map(inventory.links.map(({ name, file }) => [name, file]));
  const foundNames = new Set(found.map(pinKey));
  const others = inventory.pins.filter((pin) => !foundNames.has(pinKey(pin)));
  const unpin = others.filter((pin) => isPinOver(pin, files.has(pin.name), input));
  const over = new Set(unpin);
  const staying = others.filter((pin) => !over.has(pin));
  const pinRoot = (pin: Pin) => linkRoot({ ...pin, file: files.get(pin.name) ?? pin.name });
  const firm = [...found.map(linkRoot), ...staying.map(pinRoot), ...fixedRoots(inventory)];
  const early = candidates.map(({ generation }) => generation).filter((generation) => !gone.has(generation));
  const isEarly = new Set(early);
  return {
    pin: found,
    unpin,
    forget: forgotten(input, [...found, ...staying]),
    expire,
    dropProfiles: [...inventory.profiles.keys()].filter(
      (profile) => !input.live.has(profile) && !keptProfiles.has(profile),
    ),
    roots: [...kept.map((generation) => rootOf(generation, input)), ...firm],
    expiring: [...expire.map((generation) => rootOf(generation, input)), ...unpin.map(pinRoot)],
    candidates: early,
    lasting: [...kept.filter((generation) => !isEarly.has(generation)), ...firm].map(({ path }) => path),
  };
}

/**
 * Null: in use. A live workspace's older generation is unused since the next one was made; a gone one's all since it
 * went.
 */
function unusedSince(
  { profile, number }: Generation,
  own: readonly Generation[],
  { inventory, live, goneSince, now }: RootsInput,
): number | null {
  // A crash between the two links of a switch leaves a generation that no profile names yet: the newest is the present
  // one then.
  const present = inventory.profiles.get(profile) ?? Math.max(...own.map((other) => other.number));
  if (!live.has(profile)) return goneSince.get(profile) ?? now;
  if (number >= present) return null;
  const next = own.filter((other) => other.number > number).sort((a, b) => a.number - b.number)[0];
  return next?.madeAt ?? inventory.now;
}

/** Times of the volume are of the keeper's clock, those of specs of ours. */
function clockOf({ profile }: Generation, { live, inventory, now }: RootsInput): number {
  return live.has(profile) ? inventory.now : now;
}

function isPinOver(
  { owner, seenAt }: Pin,
  isKnown: boolean,
  { looked, inventory, retainMs, goneSince, now, live }: RootsInput,
): boolean {
  if (looked.has(owner)) return isKnown || inventory.now - seenAt >= retainMs;
  // Its container is away, and its files with it: a workspace that a spec names comes back.
  if (live.has(owner)) return false;
  const goneFor = now - (goneSince.get(owner) ?? -Infinity);
  return inventory.now - seenAt >= retainMs && goneFor >= retainMs;
}

/** A name that leads nowhere is looked for again and again: every build without a link leaves one. */
function forgotten(
  { inventory, retainMs, live, looked, goneSince, now }: RootsInput,
  pinned: readonly { readonly name: string }[],
): string[] {
  const used = new Set(pinned.map(({ name }) => name));
  const remembered = [...goneSince].filter(([, since]) => now - since < retainMs).map(([owner]) => owner);
  const owners = [...live, ...remembered].filter((owner) => owner !== '' && !owner.startsWith('.'));
  const isEverybodyLooked = owners.length > 0 && owners.every((owner) => looked.has(owner));
  const patienceMs = isEverybodyLooked ? Math.min(retainMs, FORGOTTEN_MS) : retainMs;
  return inventory.links
    .filter(({ name, madeAt }) => !used.has(name) && inventory.now - Number(madeAt) * 1_000 >= patienceMs)
    .map(({ name }) => name);
}

/** Two containers of one workspace may each have such a file. */
function pinKey({
  owner,
  name,
  path,
}: {
  readonly owner: string;
  readonly name: string;
  readonly path: string;
}): string {
  return `${owner}/${name} ${path}`;
}

function rootOf({ profile, number, path }: Generation, { inventory, live }: RootsInput): GcRoot {
  const isPresent = number >= (inventory.profiles.get(profile) ?? number);
  const kind: RootKind =
    profile.startsWith('.') && isPresent
      ? 'prewarm'
      : !live.has(profile)
        ? 'removed'
        : isPresent
          ? 'profile'
          : 'generation';
  return { kind, owner: profile, from: isPresent ? 'packages' : `generation ${number}`, path };
}

function linkRoot({
  owner,
  file,
  path,
}: {
  readonly owner: string;
  readonly file: string;
  readonly path: string;
}): GcRoot {
  return { kind: 'link', owner, from: file, path };
}

function fixedRoots({ images, keeper, others }: RootInventory): GcRoot[] {
  return [
    ...[...images].flatMap(([owner, paths]) =>
      paths.map((path): GcRoot => ({ kind: 'image', owner, from: 'its own store', path })),
    ),
    ...keeper.map((path): GcRoot => ({ kind: 'keeper', owner: 'keeper', from: 'its own store', path })),
    ...others.map(({ from, path }): GcRoot => ({ kind: 'other', owner: '-', from, path })),
  ];
}

/** Roots by kind; what one image or keeper brought counts once. */
export function countRoots(roots: readonly GcRoot[]): RootCounts {
  const bundles = new Set(
    roots.filter(({ kind }) => kind === 'image' || kind === 'keeper').map(({ kind, owner }) => `${kind} ${owner}`),
  );
  const counts = Object.fromEntries(
    ROOT_KINDS.map((kind) => [kind, roots.filter((root) => root.kind === kind).length]),
  ) as Record<RootKind, number>;
  for (const kind of ['image', 'keeper'] as const)
    counts[kind] = [...bundles].filter((bundle) => bundle.startsWith(`${kind} `)).length;
  return counts;
}
