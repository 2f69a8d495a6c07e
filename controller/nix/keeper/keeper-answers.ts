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

/** From the lines of the inventory, without what marks them as ours. */
export function inventoryFrom(lines: readonly string[]): Inventory {
  const rows = lines.map((line) => line.split(' '));
  const of = (kind: string) => rows.filter(([first]) => first === kind);
  const environments = of('environment').map(([, path = '', paths, bytes, ...names]) => {
    const packages = names.filter((name) => name !== '');
    return [
      path,
      {
        path,
        paths: Math.max(0, Number(paths) - FARM_PATHS),
        bytes: Number(bytes),
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

/** The environment and its manifest: ours, not the packages'. */
const FARM_PATHS = 2;

function isFarm(path: string): boolean {
  return /-kalpana-env-/.test(path);
}

/** From the lines of a realisation, and from Nix's log what was copied. */
export function realisedFrom(lines: readonly string[], fetchedBytes: ReadonlyMap<string, number>): Realised {
  const sized = (kind: string) =>
    new Map(
      lines
        .map((line) => line.split(' '))
        .filter(([first, , path = '']) => first === kind && path !== '' && !isFarm(path))
        .map(([, bytes, path = '']) => [path, Number(bytes)] as const),
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
