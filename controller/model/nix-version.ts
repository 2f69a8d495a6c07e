/** A version of Nix as numbers. */
export interface NixVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** Whether it is a snapshot before the release of these numbers, e.g. `2.35.0pre20260502_94e24dd`. */
  readonly isPre: boolean;
}

/**
 * Parses what `nix --version` prints last; null when it is no version. `2.8` is the first release of its line. Suffixes
 * of distributions, as in `2.26.3+dfsg`, count as nothing.
 */
export function parseNixVersion(text: string): NixVersion | null {
  const parts = /^(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?![\d.])([-+_~a-z].*)?$/i.exec(text);
  if (parts === null) return null;
  const [, major, minor, patch = '0', suffix = ''] = parts;
  return {
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch),
    isPre: /^[-_~]?(pre|rc|alpha|beta|dev)/i.test(suffix),
  };
}

/** Negative when `a` came before `b`, positive when it came after. */
export function compareNixVersions(a: NixVersion, b: NixVersion): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch || Number(b.isPre) - Number(a.isPre);
}

/**
 * Whether it is a version of Lix, a fork of Nix, which prints its own number: Lix began with 2.90, long before Nix
 * could come that far.
 */
export function isLix({ major, minor }: NixVersion): boolean {
  return major === 2 && minor >= 90;
}
