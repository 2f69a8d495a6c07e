/**
 * The forms of a cache's values. They end up in nix.conf and in command lines, so everything is refused that is not
 * known to be harmless.
 */

const URL_CHARS = '[A-Za-z0-9._~:/?&@=%+,-]';
const HTTP = new RegExp(`^https?://[A-Za-z0-9]${URL_CHARS}*$`);
const REMOTE_STORE = new RegExp(`^(?:https?|s3|ssh|ssh-ng)://[A-Za-z0-9]${URL_CHARS}*$`);
/** A directory as a substituter, with the store's settings behind a "?". */
const FILE_STORE = new RegExp(`^file://(/[^?]*)(?:\\?${URL_CHARS}*)?$`);
/** No "%" and no ":", which mean something else in an address and in NIX_PATH. */
const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._+@=~-]+)+$/;
/** An Ed25519 public key has 32 bytes: 43 digits of base 64 and one "=". */
const PUBLIC_KEY = /^[A-Za-z0-9][A-Za-z0-9._-]*:[A-Za-z0-9+/]{43}=$/;
const NETWORK = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
/** `[host[:port]/]path[:tag][@digest]`, with `*` in any of them. */
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

/** An absolute path that means the same in a configuration, an address and a command line. */
export function isNixPath(text: string): boolean {
  return PATH.test(text);
}

/** Whether a text is a harmless address of a store that is reached over the network. */
export function isRemoteStore(text: string): boolean {
  return REMOTE_STORE.test(text);
}

/** The directory that a `file://` substituter lies in; null for any other text. */
export function fileStorePath(text: string): string | null {
  const path = FILE_STORE.exec(text)?.[1] ?? '';
  return isNixPath(path) ? path : null;
}

/** `scheme://user:password@host`, or a token in the user's place. `ssh://user@host` holds none. */
export function holdsPassword(address: string): boolean {
  return /^[a-z0-9+-]+:\/\/[^/@]*:[^/@]*@/.test(address) || /^https?:\/\/[^/@]*@/.test(address);
}

/** Nix takes a store's settings from its address, and one of them accepts unsigned paths. */
export function skipsSignatures(substituter: string): boolean {
  const [, settings = ''] = substituter.split('?', 2);
  return settings.split('&').some((setting) => decoded(setting).startsWith('trusted='));
}

/** Whether a text is a name, ":" and an Ed25519 public key in base64. */
export function isPublicKey(text: string): boolean {
  return PUBLIC_KEY.test(text);
}

/** Whether a text may be the name of a network on the engine. */
export function isNetworkName(text: string): boolean {
  return NETWORK.test(text);
}

/** The id that the engine gives an image by its content, in full. */
export function isImageId(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

/** Whether a text is an image reference in which "*" may stand for anything. */
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
