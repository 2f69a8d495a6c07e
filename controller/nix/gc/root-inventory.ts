/** A generation of a profile, the present one included. */
export interface Generation {
  readonly profile: string;
  readonly number: number;
  readonly path: string;
  /** ms since the epoch. */
  readonly madeAt: number;
}

/**
 * A link that a client made for a path, such as `/workspace/result`: whose, nobody knows; one name stands for all that
 * have such a file.
 */
export interface KnownLink {
  /** Nix's own: a hash of the file's name. */
  readonly name: string;
  readonly file: string;
  readonly madeAt: string;
}

/** A root of ours for a link that was found in a workspace. */
export interface Pin {
  readonly owner: string;
  /** That of the `KnownLink`. */
  readonly name: string;
  readonly path: string;
  /** When it was last found, in ms since the epoch. */
  readonly seenAt: number;
}

/** The roots in a cache's volume, before anything is asked of its users. */
export interface RootInventory {
  /** The keeper's clock, in ms since the epoch: the one that the times here are of. */
  readonly now: number;
  readonly generations: readonly Generation[];
  /** The present generation's number by profile. */
  readonly profiles: ReadonlyMap<string, number>;
  readonly links: readonly KnownLink[];
  readonly pins: readonly Pin[];
  /** Store paths by image id. */
  readonly images: ReadonlyMap<string, readonly string[]>;
  readonly keeper: readonly string[];
  readonly others: readonly { readonly from: string; readonly path: string }[];
  /** Store paths that a profile names and that are not there. */
  readonly invalid: ReadonlySet<string>;
}

const PROFILES = '/nix/var/nix/profiles/kalpana/';
const ROOTS = '/nix/var/nix/gcroots/';

/**
 * From the lines that the keeper tells: `now S`, `root MTIME LINK<tab>TARGET`, `invalid PATH`, and `links` with bytes
 * of `MTIME NAME<tab>FILE<zero>`.
 */
export function rootInventoryFrom(lines: readonly string[]): RootInventory {
  const generations: Generation[] = [];
  const profiles = new Map<string, number>();
  const bytes: string[] = [];
  const pins: Pin[] = [];
  const images = new Map<string, string[]>();
  const keeper: string[] = [];
  const others: { from: string; path: string }[] = [];
  const invalid = new Set<string>();
  let now = 0;

  function addRoot(mtime: string, link: string, target: string): void {
    const at = Number(mtime) * 1_000;
    if (link.startsWith(PROFILES)) return addProfile(link.slice(PROFILES.length), target, at);
    const path = storePathIn(target);
    if (path === null || link === `${ROOTS}auto`) return;
    const [, kind, owner = '', name = ''] =
      /^\/nix\/var\/nix\/gcroots\/kalpana\/([^/]+)\/([^/]+)(?:\/([^/]+))?$/.exec(link) ?? [];
    if (kind === 'links') pins.push({ owner, name: name.replace(/\.[^.]*$/, ''), path, seenAt: at });
    else if (kind === 'images') images.set(owner, [...(images.get(owner) ?? []), path]);
    else if (kind === 'keeper') keeper.push(path);
    else others.push({ from: link, path });
  }

  function addProfile(name: string, target: string, at: number): void {
    const generation = /^(.+)-(\d+)-link$/.exec(name);
    const path = storePathIn(target);
    if (generation !== null && path !== null)
      return void generations.push({ profile: generation[1]!, number: Number(generation[2]), path, madeAt: at });
    const current = /^(.+)-(\d+)-link$/.exec(target);
    if (current !== null && !name.endsWith('.new')) profiles.set(name, Number(current[2]));
  }

  for (const line of lines) {
    const [, kind, first = '', rest = '', target = ''] =
      /^(root|links|invalid|now) (\S+) ?([^\t]*)\t?(.*)$/s.exec(line) ?? [];
    if (kind === 'now') now = Number(first) * 1_000;
    else if (kind === 'invalid') invalid.add(first);
    else if (kind === 'root') addRoot(first, rest, target);
    else if (kind === 'links') bytes.push(line.slice('links '.length));
  }
  return { now, generations, profiles, links: linksFrom(bytes), pins, images, keeper, others, invalid };
}

function linksFrom(bytes: readonly string[]): KnownLink[] {
  const records = Buffer.from(bytes.join('').replaceAll(' ', ''), 'hex').toString('utf8').split('\0');
  return records.flatMap((record) => {
    const [, madeAt = '', name = '', file = ''] = /^(\S+) ([^\t]*)\t(.*)$/s.exec(record) ?? [];
    return name === '' ? [] : [{ name, file, madeAt }];
  });
}

/**
 * The store path that `path` is, or lies in; null for any other. A link's target is anybody's text: what Nix has no
 * names of is none.
 */
export function storePathIn(path: string): string | null {
  return /^(\/nix\/store\/[0-9a-df-np-sv-z]{32}-[0-9A-Za-z+._?=-]{1,211})(?:\/|$)/.exec(path)?.[1] ?? null;
}
