/**
 * The release of nixpkgs that caches use by default: this is its one place. The schema and the documents name it too,
 * and a test compares them. A change realises the environments of every cache without a `nixpkgs` anew.
 */
export const DEFAULT_NIXPKGS_RELEASE = '26.05';

/** The address of a release of nixpkgs, whose content never changes. */
export function nixpkgsAddress(release: string): string {
  return `https://github.com/NixOS/nixpkgs/archive/refs/tags/${release}.tar.gz`;
}

/** When the table was last brought up to date, as a day. */
export const NIXPKGS_RELEASES_AS_OF = '2026-11-28';

/** The last day on which each release of NixOS, and so of nixpkgs, gets mends: seven months after it came out. */
const ENDS: ReadonlyMap<string, string> = new Map([
  ['20.03', '2020-10-27'],
  ['20.09', '2021-06-30'],
  ['21.05', '2021-12-31'],
  ['21.11', '2022-06-30'],
  ['22.05', '2022-12-31'],
  ['22.11', '2023-06-30'],
  ['23.05', '2023-12-31'],
  ['23.11', '2024-06-30'],
  ['24.05', '2024-12-31'],
  ['24.11', '2025-06-30'],
  ['25.05', '2025-12-31'],
  ['25.11', '2026-06-30'],
  ['26.05', '2026-12-31'],
]);

/** The last day of support of a release, as YYYY-MM-DD; null when the table does not have the release. */
export function endOfNixpkgs(release: string): string | null {
  return ENDS.get(release) ?? null;
}

/**
 * The release that the address of a nixpkgs names: `26.05` for a tag, a branch or a channel of it. Null when it names
 * none, as a commit or a directory does.
 */
export function nixpkgsReleaseOf(address: string): string | null {
  const found = [...address.matchAll(/(?<![0-9A-Za-z.])(?:(?:nixos|release|nixpkgs)-)?(\d\d\.(?:03|05|09|11))(?!\d)/g)];
  return found.at(-1)?.[1] ?? null;
}
