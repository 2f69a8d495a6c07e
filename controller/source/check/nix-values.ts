/**
 * The allowed forms of a cache's values. The values are inserted into nix.conf and command lines, so everything is
 * rejected that is not known to be harmless.
 */

const URL_CHARS = '[A-Za-z0-9._~:/?&@=%+,-]';
const HTTP = new RegExp(`^https?://[A-Za-z0-9]${URL_CHARS}*$`);
const REMOTE_STORE = new RegExp(`^(?:https?|s3|ssh|ssh-ng)://[A-Za-z0-9]${URL_CHARS}*$`);
/** A directory as a substituter, with optional store settings after "?". */
const FILE_STORE = new RegExp(`^file://(/[^?]*)(?:\\?${URL_CHARS}*)?$`);
/** "%" and ":" are not allowed, because they have a meaning in an address and in NIX_PATH. */
const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._+@=~-]+)+$/;
/** An Ed25519 public key has 32 bytes, which are 43 base64 digits and one "=". */
const PUBLIC_KEY = /^[A-Za-z0-9][A-Za-z0-9._-]*:[A-Za-z0-9+/]{43}=$/;
const NETWORK = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
/** The form `[host[:port]/]path[:tag][@digest]`, with `*` in any part. */
const IMAGE_PATTERN = new RegExp(
  [
    /^(?:[\w*][\w.:*-]*\/)?/,
    /[a-z0-9*][a-z0-9._*-]*(?:\/[a-z0-9*][a-z0-9._*-]*)*/,
    /(?::[\w*][\w.*-]*)?(?:@[a-z0-9*][a-z0-9:*]*)?$/,
  ]
    .map(({ source }) => source)
    .join(''),
);

/** Whether a text is a harmless http or https address. */
export function isHttpAddress(text: string): boolean {
  return HTTP.test(text);
}

/** Whether a text is an absolute path that means the same in a configuration, an address and a command line. */
export function isNixPath(text: string): boolean {
  return PATH.test(text);
}

/** Whether a text is a harmless address of a store that is accessed over the network. */
export function isRemoteStore(text: string): boolean {
  return REMOTE_STORE.test(text);
}

/** The directory of a `file://` substituter; null for any other text. */
export function fileStorePath(text: string): string | null {
  const path = FILE_STORE.exec(text)?.[1] ?? '';
  return isNixPath(path) ? path : null;
}

/**
 * Whether an address contains a password, as in `scheme://user:password@host`, or a token in place of the user.
 * `ssh://user@host` contains none.
 */
export function holdsPassword(address: string): boolean {
  return /^[a-z0-9+-]+:\/\/[^/@]*:[^/@]*@/.test(address) || /^https?:\/\/[^/@]*@/.test(address);
}

/** Whether a substituter's address makes Nix accept unsigned paths: Nix reads a store's settings from its address. */
export function skipsSignatures(substituter: string): boolean {
  const [, settings = ''] = substituter.split('?', 2);
  return settings.split('&').some((setting) => decoded(setting).startsWith('trusted='));
}

/** Whether a text consists of a name, ":" and an Ed25519 public key in base64. */
export function isPublicKey(text: string): boolean {
  return PUBLIC_KEY.test(text);
}

/** Whether a text may be the name of a network on the engine. */
export function isNetworkName(text: string): boolean {
  return NETWORK.test(text);
}

/** Whether a text is a complete image id, which the engine derives from the content. */
export function isImageId(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

/** Whether a text is an image reference in which "*" may stand for any text. */
export function isImagePattern(text: string): boolean {
  return IMAGE_PATTERN.test(text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
