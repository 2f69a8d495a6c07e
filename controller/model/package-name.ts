/**
 * An attribute of nixpkgs in the form of `nix-env -A`. No part is quoted, so the text can be used in an expression
 * unchanged.
 */
const ATTRIBUTE = /^[A-Za-z_][A-Za-z0-9_'+-]*(?:\.[A-Za-z0-9_'+-]+)*$/;
/** A path that the store registers, and nothing below it; the alphabet is Nix's base 32, without e, o, u and t. */
const STORE_PATH = /^\/nix\/store\/[0-9a-df-np-sv-z]{32}-[A-Za-z0-9+_?=-][A-Za-z0-9+._?=-]{0,210}$/;

/**
 * The characters of an address. Quotes, brackets, commas and `$` are not allowed, because the address is used in
 * command lines and Nix expressions.
 */
const ADDRESS = '[A-Za-z0-9._~:/?&@=%+-]';
const FLAKES: readonly RegExp[] = [
  new RegExp(`^(?:github|gitlab|sourcehut):[A-Za-z0-9._~%-]+/[A-Za-z0-9._~%-]+(?:[/?]${ADDRESS}*)?$`),
  new RegExp(
    `^(?:https?|(?:tarball|file)\\+https?|git\\+(?:https?|ssh)|git|hg\\+(?:https?|ssh))://[A-Za-z0-9]${ADDRESS}*$`,
  ),
  new RegExp(`^(?:path:|file://|(?:git|hg|tarball|file)\\+file://)/${ADDRESS}+$`),
  new RegExp(`^flake:[A-Za-z][A-Za-z0-9_-]*(?:/${ADDRESS}*)?$`),
];
/** A name in the flake registry or a directory in the keeper, which is a flake only together with `#attribute`. */
const BARE_FLAKES: readonly RegExp[] = [
  /^[A-Za-z][A-Za-z0-9_-]*(?:\/[A-Za-z0-9._-]+){0,2}$/,
  /^(?:\/[A-Za-z0-9._~+%-]+)+$/,
];
const FLAKE_ATTRIBUTE = /^[A-Za-z0-9_][A-Za-z0-9_'.+-]*$/;

export const MAX_PACKAGES = 256;
const MAX_LENGTH = 1024;

export type PackageKind = 'attribute' | 'flake' | 'store-path';

/** The kind of package that `text` names, judged by its form alone; null when it cannot be a package. */
export function packageKind(text: string): PackageKind | null {
  if (text.length > MAX_LENGTH) return null;
  if (ATTRIBUTE.test(text)) return 'attribute';
  if (STORE_PATH.test(text)) return 'store-path';
  return isFlake(text) ? 'flake' : null;
}

/** Describes why `text` cannot be a package, to follow the text in a message; null when it can be one. */
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
