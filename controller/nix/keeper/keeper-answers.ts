/** An environment in the store. `paths` and `bytes` are of its closure, without the link farm itself. */
export interface KnownEnvironment {
  readonly path: string;
  readonly paths: number;
  readonly bytes: number;
  /** As a spec names them, where the store tells. */
  readonly packages?: readonly string[];
}

export interface Inventory {
  readonly nixVersion: string;
  /** Environment paths by workspace; `.prewarm` is none. */
  readonly profiles: ReadonlyMap<string, string>;
  readonly environments: ReadonlyMap<string, KnownEnvironment>;
  /** Ids of images whose store was imported, without `sha256:`. */
  readonly images: ReadonlySet<string>;
}

export interface Realised {
  readonly environment: KnownEnvironment;
  /** NAR bytes by path; closure and what the builds needed beside it. */
  readonly fetched: ReadonlyMap<string, number>;
  readonly built: ReadonlyMap<string, number>;
  readonly hit: ReadonlyMap<string, number>;
}

/** What the store takes up on the disk; files that are linked to each other count once. */
export interface StoreSize {
  readonly bytes: number;
  readonly paths: number;
}

/**
 * From the lines of the inventory, without what marks them as ours. Lines of another form are passed over, and what is
 * no number counts as 0: a keeper's image may be anybody's.
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

/** From the one line that the measurement tells; nothing is 0 in size. */
export function storeSizeFrom([line = '']: readonly string[]): StoreSize {
  const [, kibibytes, paths] = line.split(' ');
  return { bytes: count(kibibytes) * 1024, paths: count(paths) };
}

/** The environment and its manifest: ours, not the packages'. */
const FARM_PATHS = 2;

function isFarm(path: string): boolean {
  return /-kalpana-env-/.test(path);
}

/**
 * From the lines of a realisation, and from Nix's log what was copied: NAR bytes by path, 0 where the log does not
 * tell.
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
  // Sizes as the store has them; what the builds alone needed is known by its download.
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
