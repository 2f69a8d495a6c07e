import { describe, expect, it } from '@jest/globals';
import { packageFault, packageKind } from '../../../controller/model/package-name.js';
import type { PackageKind } from '../../../controller/model/package-name.js';

const hash = '0123456789abcdfghijklmnpqrsvwxyz';

describe('a package', () => {
  it.each<[string, PackageKind]>([
    ['git', 'attribute'],
    ['nodejs_20', 'attribute'],
    ['_7zz', 'attribute'],
    ['gtk+', 'attribute'],
    ["foo'", 'attribute'],
    ['python3Packages.requests', 'attribute'],
    ['nodePackages.123-x', 'attribute'],
    ['nixpkgs#hello', 'flake'],
    ['nixpkgs/nixos-25.05#python3Packages.requests', 'flake'],
    ['/mnt/flake#default', 'flake'],
    ['github:owner/repo', 'flake'],
    ['github:owner/repo/v1.2?dir=sub#packages.x86_64-linux.default', 'flake'],
    ['gitlab:owner/repo#x', 'flake'],
    ['sourcehut:~owner/repo#x', 'flake'],
    ['git+https://example.com/repo.git?ref=main&rev=0123#x', 'flake'],
    ['git+ssh://git@example.com/repo', 'flake'],
    ['git+file:///mnt/repo', 'flake'],
    ['path:/mnt/flake', 'flake'],
    ['path:/mnt/flake#x', 'flake'],
    ['https://example.com/flake.tar.gz', 'flake'],
    ['tarball+https://example.com/flake#x', 'flake'],
    ['flake:nixpkgs#hello', 'flake'],
    [`/nix/store/${hash}-hello-2.12.1`, 'store-path'],
    [`/nix/store/${hash}-a+b_c?d=e.f`, 'store-path'],
  ])('may be %s, which is of the form %s', (text, kind) => {
    expect([packageKind(text), packageFault(text)]).toEqual([kind, null]);
  });

  it.each<[string, string]>([
    ['nothing', ''],
    ['a space', ' '],
    ['two words', 'git ripgrep'],
    ['a line break', 'git\nsandbox = false'],
    ['a line break at the end', 'git\n'],
    ['a line break before it', '\ngit'],
    ['a carriage return', 'git\r'],
    ['NUL', 'git\u0000'],
    ['a no-break space', 'git\u00a0'],
    ['a line separator', 'git\u2028'],
    ['a right-to-left override', 'git\u202e'],
    ['an option', '-rf'],
    ['an option with a value', '--option=x'],
    ['an attribute of no name', 'a..b'],
    ['a dot at the end', 'python3Packages.'],
    ['a dot before', '.git'],
    ['a digit before', '7zz'],
    ['a quoted attribute', 'a."b c"'],
    ['an expression', '(import <nixpkgs> {})'],
    ['an interpolation', 'a${b}'],
    ['a command', 'git;reboot'],
    ['a substitution', '$(reboot)'],
    ['backticks', 'a`b`'],
    ['a list', 'git,ripgrep'],
    ['a wildcard', 'python3*'],
    ['a version', 'nodejs@20'],
    ['a flake without an attribute', 'nixpkgs/unstable'],
    ['an empty attribute', 'nixpkgs#'],
    ['an empty flake', '#hello'],
    ['two attributes', 'nixpkgs#a#b'],
    ['an attribute that is an option', 'nixpkgs#-x'],
    ['an attribute with a line break', 'nixpkgs#a\nb'],
    ['a flake with a space', 'github:owner/re po'],
    ['a flake with a quote', 'github:owner/repo"'],
    ['an unknown scheme', 'javascript:alert(1)'],
    ['an unknown scheme with an attribute', 'foo:bar#x'],
    ['github without a repository', 'github:owner'],
    ['https without a host', 'https:///x'],
    ['https alone', 'https:'],
    ['a relative flake', '.#x'],
    ['a relative path', 'path:./x'],
    ['a home', '~/flake#x'],
    ['an absolute path', '/usr/bin/git'],
    ['what lies in a store path', `/nix/store/${hash}-hello/bin/hello`],
    ['a directory in a store path', `/nix/store/${hash}-hello/`],
    ['the store', '/nix/store'],
    ['a store path with an attribute', `/nix/store/${hash}-flake#x`],
    ['a store path without a name', `/nix/store/${hash}`],
    ['a store path with an empty name', `/nix/store/${hash}-`],
    ['a store path with a dot first', `/nix/store/${hash}-.links`],
    ['a short hash', `/nix/store/${hash.slice(1)}-hello`],
    ['a hash with an e', `/nix/store/${hash.replace('0', 'e')}-hello`],
    ['a hash in capitals', `/nix/store/${hash.toUpperCase()}-hello`],
    ['a path up the tree', `/nix/store/../${hash}-hello`],
    ['a name beyond all measure', 'a'.repeat(1025)],
  ])('is not %s', (_what, text) => {
    expect(packageKind(text)).toBeNull();
    expect(packageFault(text)).toMatch(/^is not a (package: use an attribute|store path: write)/);
  });

  it.each(['a.'.repeat(500), `${'-a'.repeat(500)}!`, `github:a/${'a/'.repeat(500)}!`, `/${'a/'.repeat(500)}#`])(
    'is looked at in no time, whatever it is',
    (text) => {
      const before = performance.now();
      packageKind(text);
      expect(performance.now() - before).toBeLessThan(100);
    },
  );
});
