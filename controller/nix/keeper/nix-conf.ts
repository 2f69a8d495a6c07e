import type { CacheConfig } from '../../model/desired.js';

/** In bytes. */
const LARGEST_LOG = 256 * 2 ** 20;

/**
 * Renders the keeper's nix.conf, one setting per line. The check of specs rejects values that would add a word or a
 * line or begin a comment; this function throws if one arrives nevertheless.
 */
export function nixConf(config: CacheConfig): string {
  const lines: readonly (readonly [string, string])[] = [
    // A build without a build user ran as root and deleted another workspace's package (F17).
    ['build-users-group', 'nixbld'],
    // Nobody, not even root in a workspace, may change the daemon's settings or import unsigned paths (F7).
    ['trusted-users', ''],
    ['allowed-users', '*'],
    ['substituters', words(config.substituters)],
    ['trusted-substituters', ''],
    ['trusted-public-keys', words(config.trustedPublicKeys)],
    ['require-sigs', String(config.requireSignatures)],
    ['sandbox', String(config.sandbox)],
    ['sandbox-fallback', 'false'],
    // A collection that a client starts sees only that client's processes (trap nix-7), so clients must not start one.
    ['min-free', '0'],
    // Clients may set both of these for their own builds; the keeper's watch over builds is for that.
    ['timeout', String(Math.ceil(config.builds.timeoutMs / 1_000))],
    ['max-silent-time', String(Math.ceil(config.builds.maxSilentMs / 1_000))],
    // Nix keeps the log of a build for good, and no client may lift this bound.
    ['max-build-log-size', String(LARGEST_LOG)],
    ['experimental-features', 'nix-command flakes'],
    ['accept-flake-config', 'false'],
    ['connect-timeout', '10'],
    ['stalled-download-timeout', '30'],
    ['download-attempts', '3'],
    // What a substituter does not let us ask for counts as absent, and must not be remembered: see resolve.sh.
    ['narinfo-cache-negative-ttl', '0'],
    // Nix soon asks again for a path that was served without a valid signature; a path in the store is not requested
    // again.
    ['narinfo-cache-positive-ttl', '60'],
    // The address of nixpkgs names a revision, so a fetched tarball stays valid.
    ['tarball-ttl', '31536000'],
    ['warn-dirty', 'false'],
  ];
  return lines.map(([name, value]) => `${name} = ${value}`.trimEnd()).join('\n');
}

function words(values: readonly string[]): string {
  const bad = values.find((value) => value === '' || /[\s#]/.test(value));
  if (bad !== undefined) throw new Error(`${JSON.stringify(bad)} is not one word of nix.conf`);
  return values.join(' ');
}
