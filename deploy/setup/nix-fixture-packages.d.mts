export interface PackageSet {
  readonly name: string;
  /** The text of a default.nix: a function of any attribute set that gives the packages. */
  readonly expression: string;
  /** Attributes that a fixture's binary cache holds. */
  readonly cached: readonly string[];
  /** Attributes that have to be built where they are wanted, or can't be. */
  readonly uncached: readonly string[];
  /** Of the NARs in the binary cache, as Nix's URLs say it. */
  readonly compression: string;
}

/**
 * - `hello`, `hello2` (the same program, version 2.0), `other` (collides with both on bin/hello, has bin/other too);
 * - `tool` (with `lib` in its closure), `twin` (outputs out and doc, of which out is installed), `sub.inner`;
 * - `big1`, `big4`, `big16` (megabytes that do not compress);
 * - not in the cache: `fresh` (builds at once), `slow` (20 s), `broken` (prints a line and fails), `needsBroken`;
 * - `refused` throws when it is evaluated.
 * Every program says its name and runs wherever there is a /bin/sh.
 */
export const testPackages: PackageSet;
/** `suite`, which needs `part1` to `part30`: 31 paths, 60 MB that do not compress. */
export const benchPackages: PackageSet;
