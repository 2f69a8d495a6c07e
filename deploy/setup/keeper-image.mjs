// kalpana/nix-keeper:latest, the image of a Nix cache's keeper: Nix 2.26 of Debian trixie; and for tests bookworm's Nix 2.8.
import { join } from 'node:path';
import { debianImage, ensureImage, ensureRootfs } from './debian-image.mjs';
import { root } from './paths.mjs';

export const KEEPER_IMAGE = 'kalpana/nix-keeper:latest';
/** Tests only: the oldest Nix that the controller's commands have to get along with. */
export const OLD_KEEPER_IMAGE = 'kalpana/nix-keeper:nix2.8';

const folder = join(root, 'deploy/images/nix-keeper');
export const keeper = debianImage({ image: KEEPER_IMAGE, folder, suite: 'trixie' });
const oldKeeper = debianImage({ image: OLD_KEEPER_IMAGE, folder, suite: 'bookworm' });

/** `engine` is a host and its TLS files. Gives a line that says what was done, or undefined when the image is there. */
export function ensureKeeperImage(engine, options) {
  return ensureImage(engine, keeper, options);
}

/** Its Dockerfile names the other release, so it is made from packages always. */
export function ensureOldKeeperImage(engine) {
  return ensureImage(engine, oldKeeper, { tryRegistry: false });
}

/** The slow part alone, half a minute once a recipe: it needs no engine yet. For a test engine both, which has no way to a package mirror. */
export async function ensureKeeperRootfs() {
  await Promise.all([ensureRootfs(keeper), ensureRootfs(oldKeeper)]);
}
