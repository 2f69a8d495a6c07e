// kalpana/nix-keeper:latest, the image of a Nix cache's keeper: the newest Nix of Debian without known holes; for tests
// also other releases' Nix.
import { join } from 'node:path';
import { debianImage, ensureImage, ensureRootfs } from './debian-image.mjs';
import { root } from './paths.mjs';
import { say } from './say.mjs';

export const KEEPER_IMAGE = 'kalpana/nix-keeper:latest';
/** Tests only: the oldest Nix that the controller's commands have to get along with. */
export const OLD_KEEPER_IMAGE = 'kalpana/nix-keeper:nix2.8';

const folder = join(root, 'deploy/images/nix-keeper');
/** The release of the Dockerfile, and so of everybody's keeper: Nix 2.34. */
const RELEASE = 'forky';
/** Where a mirror has the stable release alone: its Nix 2.26 has known holes, which the cache's conditions tell. */
const STABLE = 'trixie';

/**
 * The recipe with the Nix of a Debian release: bookworm has 2.8, trixie 2.26, forky 2.34; the list of the last may be
 * an old one.
 */
export function keeperOf(suite = RELEASE) {
  return debianImage({ image: KEEPER_IMAGE, folder, suite, expired: suite !== STABLE });
}

const oldKeeper = debianImage({ image: OLD_KEEPER_IMAGE, folder, suite: 'bookworm' });

/**
 * `engine` is a host and its TLS files; `suite` is for tests: a release other than the Dockerfile's. Gives a line that
 * says what was done, or undefined when the image is there.
 */
export async function ensureKeeperImage(engine, { suite, tryRegistry = true } = {}) {
  if (suite !== undefined)
    return ensureImage(engine, keeperOf(suite), { tryRegistry: tryRegistry && suite === RELEASE });
  try {
    return await ensureImage(engine, keeperOf(RELEASE), { tryRegistry });
  } catch (error) {
    say(
      `no ${KEEPER_IMAGE} of Debian ${RELEASE} (${error.message.split('\n')[0].slice(0, 120)}): ` +
        `making it of ${STABLE}, whose Nix has known holes (kalpana describe cache names them)`,
    );
    return ensureImage(engine, keeperOf(STABLE), { tryRegistry: false });
  }
}

/** Its Dockerfile names the other release, so it is made from packages always. */
export function ensureOldKeeperImage(engine) {
  return ensureImage(engine, oldKeeper, { tryRegistry: false });
}

/**
 * The slow part alone, half a minute once a recipe: it needs no engine yet. For a test engine, which has no way to a
 * package mirror; `old`: that with the oldest Nix as well.
 */
export async function ensureKeeperRootfs(suite, { old }) {
  await Promise.all([keeperOf(suite), ...(old ? [oldKeeper] : [])].map(ensureRootfs));
}
