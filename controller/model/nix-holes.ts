import { compareNixVersions, isLix, parseNixVersion, type NixVersion } from './nix-version.js';

/** A hole in Nix that became known, and the releases that close it. */
export interface NixHole {
  readonly id: string;
  /** What it lets whom do, as the rest of a sentence. */
  readonly lets: string;
  readonly nix: AffectedReleases;
  /** Null when Lix does not have the hole. */
  readonly lix: AffectedReleases | null;
}

interface AffectedReleases {
  /** The first release with the hole. */
  readonly since: string;
  /**
   * The first sound release of each line that has one, in order. Lines after the last are sound; a line that is missing
   * in between never got the fix.
   */
  readonly fixed: readonly string[];
}

/**
 * When the table was last compared with the advisories of Nix and Lix, as a day. To bring it up to date: read the
 * advisories, add what lets a client of the daemon or a build on Linux do something, with the first release of each
 * line that has the fix, and set the day.
 */
export const NIX_HOLES_AS_OF = '2026-11-28';

/** Newest first. Holes of macOS, and of what the keeper does not use, are left out; it takes Nix from 2.8 on. */
export const NIX_HOLES: readonly NixHole[] = [
  {
    id: 'CVE-2026-44028',
    lets: 'any client of the daemon may overflow its memory, and so become root in the keeper',
    nix: { since: '2.24.4', fixed: ['2.28.7', '2.29.4', '2.30.5', '2.31.5', '2.32.8', '2.33.6', '2.34.7', '2.35.0'] },
    lix: { since: '2.93.0', fixed: ['2.93.4', '2.94.2', '2.95.2'] },
  },
  {
    id: 'CVE-2026-44029',
    lets: 'an archive that is unpacked may write outside its directory',
    nix: { since: '2.24.7', fixed: ['2.28.7', '2.29.4', '2.30.5', '2.31.5', '2.32.8', '2.33.6', '2.34.7', '2.35.0'] },
    lix: null,
  },
  {
    id: 'CVE-2026-39860',
    lets: 'a sandboxed build may overwrite any file of the keeper as root',
    // The mistake came with the mend of CVE-2024-27297.
    nix: { since: '2.16.3', fixed: ['2.28.6', '2.29.3', '2.30.4', '2.31.4', '2.32.7', '2.33.4', '2.34.5', '2.35.0'] },
    lix: null,
  },
  {
    id: 'CVE-2025-46415',
    lets: 'builds that work together may become build users or root (with CVE-2025-46416 and -52991 to -52993)',
    nix: { since: '2.0.0', fixed: ['2.24.15', '2.26.4', '2.28.4', '2.29.1', '2.30.0'] },
    lix: { since: '2.90.0', fixed: ['2.91.2', '2.92.2', '2.93.1'] },
  },
  {
    id: 'CVE-2024-47174',
    lets: 'whoever is in between may read credentials that a download of a build sends',
    nix: {
      since: '2.0.0',
      fixed: ['2.18.8', '2.19.7', '2.20.9', '2.21.5', '2.22.4', '2.23.4', '2.24.8', '2.25.0'],
    },
    lix: null,
  },
  {
    id: 'CVE-2024-45593',
    lets: 'an unpacked NAR may write any file of the keeper as root',
    nix: { since: '2.24.0', fixed: ['2.24.6', '2.25.0'] },
    lix: null,
  },
  {
    id: 'CVE-2024-38531',
    lets: 'a build may leave programs behind that run as a build user',
    nix: { since: '2.0.0', fixed: ['2.18.4', '2.19.5', '2.20.7', '2.21.3', '2.22.2', '2.23.1', '2.24.0'] },
    lix: null,
  },
  {
    id: 'CVE-2024-27297',
    lets: 'builds that work together may change a path after it was found right',
    nix: { since: '2.0.0', fixed: ['2.16.3', '2.17.2', '2.18.2', '2.19.4', '2.20.5', '2.21.0'] },
    lix: null,
  },
];

/**
 * The known holes of a version of Nix, newest first; null when the text is no version. Where the advisories say nothing
 * of a line, it counts as open: a line between two that were mended, and a snapshot before a sound release.
 */
export function knownHoles(version: string): readonly NixHole[] | null {
  const parsed = parseNixVersion(version);
  if (parsed === null) return null;
  return NIX_HOLES.filter((hole) => {
    const releases = isLix(parsed) ? hole.lix : hole.nix;
    return releases !== null && isAffected(parsed, releases);
  });
}

function isAffected(version: NixVersion, { since, fixed }: AffectedReleases): boolean {
  if (compareNixVersions(version, releaseOf(since)) < 0) return false;
  const releases = fixed.map(releaseOf);
  const ofLine = releases.find((release) => isSameLine(release, version));
  const sound = ofLine ?? releases.at(-1);
  return sound === undefined || compareNixVersions(version, sound) < 0;
}

function isSameLine(a: NixVersion, b: NixVersion): boolean {
  return a.major === b.major && a.minor === b.minor;
}

function releaseOf(text: string): NixVersion {
  const release = parseNixVersion(text);
  if (release === null) throw new Error(`${text} in the table of holes is no version`);
  return release;
}
