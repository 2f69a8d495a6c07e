/**
 * Attributes of nixpkgs, as `nix-env -A` takes them; no part is quoted, so that it can stand in an expression as it is.
 */
const ATTRIBUTE = /^[A-Za-z_][A-Za-z0-9_'+-]*(?:\.[A-Za-z0-9_'+-]+)*$/;
/** A path that the store registers, with nothing below it; the alphabet is Nix's base 32, without e, o, u and t. */
const STORE_PATH = /^\/nix\/store\/[0-9a-df-np-sv-z]{32}-[A-Za-z0-9+_?=-][A-Za-z0-9+._?=-]{0,210}$/;

/** What an address may hold here. No quote, bracket, comma or `$`: it reaches command lines and Nix expressions. */
const ADDRESS = '[A-Za-z0-9._~:/?&@=%+-]';
const FLAKES: readonly RegExp[] = [
  new RegExp(`^(?:github|gitlab|sourcehut):[A-Za-z0-9._~%-]+/[A-Za-z0-9._~%-]+(?:[/?]${ADDRESS}*)?$`),
  new RegExp(
    `^(?:https?|(?:tarball|file)\\+https?|git\\+(?:https?|ssh)|git|hg\\+(?:https?|ssh))://[A-Za-z0-9]${ADDRESS}*$`,
  ),
  new RegExp(`^(?:path:|file://|(?:git|hg|tarball|file)\\+file://)/${ADDRESS}+$`),
  new RegExp(`^flake:[A-Za-z][A-Za-z0-9_-]*(?:/${ADDRESS}*)?$`),
];
/** A name of the flake registry or a directory in the keeper: a flake only together with `#attribute`. */
const BARE_FLAKES: readonly RegExp[] = [
  /^[A-Za-z][A-Za-z0-9_-]*(?:\/[A-Za-z0-9._-]+){0,2}$/,
  /^(?:\/[A-Za-z0-9._~+%-]+)+$/,
];
const FLAKE_ATTRIBUTE = /^[A-Za-z0-9_][A-Za-z0-9_'.+-]*$/;

export const MAX_PACKAGES = 256;
const MAX_LENGTH = 1024;

export type PackageKind = 'attribute' | 'flake' | 'store-path';

/** What `text` names, by its form alone; null when it cannot be a package. */
export function packageKind(text: string): PackageKind | null {
  if (text.length > MAX_LENGTH) return null;
  if (ATTRIBUTE.test(text)) return 'attribute';
  if (STORE_PATH.test(text)) return 'store-path';
  return isFlake(text) ? 'flake' : null;
}

/** What is wrong with `text` as a package, to be put behind it; null for one that may be. */
export function packageFault(text: string): string | null {
  if (packageKind(text) !== null) return null;
  if (text.startsWith('/nix/store/'))
    return 'is not a store path: write /nix/store/, 32 characters of its hash, "-" and the name, and nothing below it';
  return (
    'is not a package: use an attribute of nixpkgs such as "python3Packages.requests", a flake reference ' +
    'such as "github:owner/repository#attribute", or a store path'
  );
}

function isFlake(text: string): boolean {
  const [reference = '', attribute, ...rest] = text.split('#');
  if (rest.length > 0 || (attribute !== undefined && !FLAKE_ATTRIBUTE.test(attribute))) return false;
  if (FLAKES.some((form) => form.test(reference))) return true;
  return (
    attribute !== undefined && !reference.startsWith('/nix/store/') && BARE_FLAKES.some((form) => form.test(reference))
  );
}
