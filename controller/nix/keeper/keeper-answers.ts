/** An environment in the store. `paths` and `bytes` describe its closure without the link farm itself. */
export interface KnownEnvironment {
  readonly path: string;
  readonly paths: number;
  readonly bytes: number;
  /** The packages as a spec names them, if the store records them. */
  readonly packages?: readonly string[];
}

export interface Inventory {
  readonly nixVersion: string;
  /** The path of the environment in each workspace's profile; `.prewarm` is not a workspace. */
  readonly profiles: ReadonlyMap<string, string>;
  readonly environments: ReadonlyMap<string, KnownEnvironment>;
  /** The ids of images whose store was imported, without `sha256:`. */
  readonly images: ReadonlySet<string>;
}

export interface Realised {
  readonly environment: KnownEnvironment;
  /** NAR bytes by path, for the closure and for what the builds needed in addition. */
  readonly fetched: ReadonlyMap<string, number>;
  readonly built: ReadonlyMap<string, number>;
  readonly hit: ReadonlyMap<string, number>;
}

/** The space that the store takes on the disk; hard-linked files count once. */
export interface StoreSize {
  readonly bytes: number;
  readonly paths: number;
}

/**
 * Parses the lines of the inventory, given without our marker. Lines of another form are ignored, and what is not a
 * number counts as 0, because a keeper's image may come from anybody.
 */
export function inventoryFrom(lines: readonly string[]): Inventory {
  const rows = lines.map((line) => line.split(' '));
  const of = (kind: string) => rows.filter(([first]) => first === kind);
  const environments = of('environment').map(([, path = '', paths, bytes, ...names]) => {
    const packages = names.filter((name) => name !== '');
    return [
      path,
      {
        path,
        paths: Math.max(0, count(paths) - FARM_PATHS),
        bytes: count(bytes),
        ...(packages.length === 0 ? {} : { packages }),
      },
    ] as const;
  });
  return {
    nixVersion: of('version')[0]?.[1] ?? 'unknown',
    profiles: new Map(of('profile').map(([, workspace = '', path = '']) => [workspace, path] as const)),
    environments: new Map(environments),
    images: new Set(of('image').map(([, id = '']) => id)),
  };
}

/** Parses the one line that the measurement prints; a missing line counts as 0. */
export function storeSizeFrom([line = '']: readonly string[]): StoreSize {
  const [, kibibytes, paths] = line.split(' ');
  return { bytes: count(kibibytes) * 1024, paths: count(paths) };
}

/** The number of paths that are ours and not the packages': the environment and its manifest. */
const FARM_PATHS = 2;

function isFarm(path: string): boolean {
  return /-kalpana-env-/.test(path);
}

/**
 * Combines the lines of a realisation with the copies in Nix's log: NAR bytes by path, 0 where the log does not say.
 */
export function realisedFrom(lines: readonly string[], fetchedBytes: ReadonlyMap<string, number>): Realised {
  const sized = (kind: string) =>
    new Map(
      lines
        .map((line) => line.split(' '))
        .filter(([first, , path = '']) => first === kind && path !== '' && !isFarm(path))
        .map(([, bytes, path = '']) => [path, count(bytes)] as const),
    );
  const environment = lines.find((line) => line.startsWith('environment '))?.slice('environment '.length) ?? '';
  const closure = sized('closure');
  const built = new Map([...sized('built')].filter(([path]) => !fetchedBytes.has(path)));
  // Sizes are taken from the store; a path that only the builds needed has the size of its download.
  const fetched = new Map(
    [...fetchedBytes].filter(([path]) => !isFarm(path)).map(([path, bytes]) => [path, closure.get(path) ?? bytes]),
  );
  const hit = new Map([...closure].filter(([path]) => !fetched.has(path) && !built.has(path)));
  const bytes = [...closure.values()].reduce((sum, size) => sum + size, 0);
  return { environment: { path: environment, paths: closure.size, bytes }, fetched, built, hit };
}

function count(text: string | undefined): number {
  return /^\d+$/.test(text ?? '') ? Number(text) : 0;
}
