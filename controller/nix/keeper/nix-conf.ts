import type { CacheConfig } from '../../model/desired.js';

/**
 * The keeper's nix.conf, a setting a line. Validation refuses values that would add a word or a line, or begin a
 * comment; one that comes here all the same makes this throw.
 */
export function nixConf(config: CacheConfig): string {
  const lines: readonly (readonly [string, string])[] = [
    // A build without a build user ran as root and deleted another workspace's package (F17).
    ['build-users-group', 'nixbld'],
    // Nobody may change the daemon's settings or import unsigned paths, root in a workspace included (F7).
    ['trusted-users', ''],
    ['allowed-users', '*'],
    ['substituters', words(config.substituters)],
    ['trusted-substituters', ''],
    ['trusted-public-keys', words(config.trustedPublicKeys)],
    ['require-sigs', String(config.requireSignatures)],
    ['sandbox', String(config.sandbox)],
    ['sandbox-fallback', 'false'],
    // A collection that a client starts sees that client's processes alone (trap nix-7): only ours collects.
    ['min-free', '0'],
    ['experimental-features', 'nix-command flakes'],
    ['accept-flake-config', 'false'],
    ['connect-timeout', '10'],
    ['stalled-download-timeout', '30'],
    ['download-attempts', '3'],
    ['narinfo-cache-negative-ttl', '10'],
    // What was served without a good signature is asked for again soon; what is in the store is not asked for at all.
    ['narinfo-cache-positive-ttl', '60'],
    // The address of nixpkgs names a revision: what was fetched stays valid.
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
