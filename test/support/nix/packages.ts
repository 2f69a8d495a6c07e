import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testPackages, type PackageSet } from '../../../deploy/setup/nix-fixture-packages.mjs';

export { benchPackages, testPackages, type PackageSet } from '../../../deploy/setup/nix-fixture-packages.mjs';

/**
 * Writes a directory that does as nixpkgs; gives `dir`. A fixture has one already: this is for a test that changes it.
 * `extra` are further attributes in Nix, e.g. `hello = pkgs.hello2;`, where `pkgs` is the set.
 */
export function writeNixpkgs(
  dir: string,
  { packages = testPackages, extra = '' }: { readonly packages?: PackageSet; readonly extra?: string } = {},
): string {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'packages.nix'), packages.expression);
  writeFileSync(join(dir, 'default.nix'), `{ ... }: let pkgs = import ./packages.nix { }; in pkgs // { ${extra} }\n`);
  return dir;
}
