import type { PackageSet } from './nix-fixture-packages.mjs';

/** Files below .kalpana/cache, shared by all runs in this clone: read them, and copy what is to be changed. */
export interface NixFixture {
  /** A directory to be used as nixpkgs, wherever it is mounted. */
  readonly nixpkgs: string;
  /** The binary cache, signed, as an HTTP server or `file://` hands it out. */
  readonly cache: string;
  /** For `trusted-public-keys`. */
  readonly publicKey: string;
  /** The file of the key, to sign more. */
  readonly secretKey: string;
  /** Attribute to the store path of its output; `twin.doc` is the second of `twin`. */
  readonly paths: Readonly<Record<string, string>>;
}

/** About ten seconds the first time on a machine, then nothing. `host` is an engine with the keeper's image. */
export function ensureNixFixture(host: string, packages: PackageSet): Promise<NixFixture>;
