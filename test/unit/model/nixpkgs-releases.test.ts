import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  DEFAULT_NIXPKGS_RELEASE,
  endOfNixpkgs,
  nixpkgsAddress,
  nixpkgsReleaseOf,
} from '../../../controller/model/nixpkgs-releases.js';
import { DEFAULT_CACHE_CONFIG } from '../../../controller/source/check/cache-defaults.js';

describe('nixpkgsReleaseOf', () => {
  it.each([
    ['https://github.com/NixOS/nixpkgs/archive/refs/tags/25.05.tar.gz', '25.05'],
    ['https://github.com/NixOS/nixpkgs/archive/refs/heads/release-25.11.tar.gz', '25.11'],
    ['https://github.com/NixOS/nixpkgs/archive/nixos-26.05.tar.gz', '26.05'],
    ['https://nixos.org/channels/nixos-24.11/nixexprs.tar.xz', '24.11'],
    ['https://channels.nixos.org/nixos-24.11-small/nixexprs.tar.xz', '24.11'],
    ['https://releases.nixos.org/nixos/25.05/nixos-25.05.8123.abcdef012345/nixexprs.tar.xz', '25.05'],
    ['https://mirror.example/nixpkgs-25.05-darwin.tar.gz?x=1', '25.05'],
    ['/srv/nixpkgs-25.05', '25.05'],
    ['/srv/25.05', '25.05'],
    ['https://github.com/NixOS/nixpkgs/archive/9ccae1754eec0341b640d5705302ac0923d22875.tar.gz', null],
    ['https://github.com/NixOS/nixpkgs/archive/nixos-unstable.tar.gz', null],
    ['https://mirror.example/2025.05.01/nixpkgs.tar.gz', null],
    ['https://mirror.example/25.055.tar.gz', null],
    ['https://mirror.example/25.06.tar.gz', null],
    ['/nixpkgs', null],
    ['', null],
  ])('of %s is %s', (address, release) => {
    expect(nixpkgsReleaseOf(address)).toBe(release);
  });
});

describe('endOfNixpkgs', () => {
  it.each([
    ['25.05', '2025-12-31'],
    ['25.11', '2026-06-30'],
    ['26.05', '2026-12-31'],
    ['13.10', null],
    ['99.05', null],
  ])('of %s is %s', (release, end) => {
    expect(endOfNixpkgs(release)).toBe(end);
  });
});

describe('the default release', () => {
  it('has its one place: the schema, the reference and the guide name the same', () => {
    expect(endOfNixpkgs(DEFAULT_NIXPKGS_RELEASE)).not.toBeNull();
    expect(DEFAULT_CACHE_CONFIG.nixpkgs).toBe(nixpkgsAddress(DEFAULT_NIXPKGS_RELEASE));
    for (const file of ['crds-like-schemas/nix-cache.schema.json', 'docs/reference/specs.md', 'docs/caches.md']) {
      const text = readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
      const named = [...text.matchAll(/nixpkgs\/archive\/refs\/tags\/(\d\d\.\d\d)\.tar\.gz/g)].map(([, one]) => one);
      expect([file, ...new Set(named)]).toEqual([file, DEFAULT_NIXPKGS_RELEASE]);
    }
  });
});
