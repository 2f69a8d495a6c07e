// The images with a Nix. Every run's engine has the keeper's and kalpana/test-nix; a scratch engine gets them by
// `importKeeper`.
import { ensureOldKeeperImage } from '../../../deploy/setup/keeper-image.mjs';
import { importKeeper as importKeeperOf } from '../../../deploy/setup/test-image.mjs';

export { KEEPER_IMAGE, OLD_KEEPER_IMAGE } from '../../../deploy/setup/keeper-image.mjs';
/**
 * `TEST_NIX_IMAGE`: a workspace's image with a Nix client in /usr/bin, nothing in /nix, bash, and the user `dev` (uid
 * 1000).
 */
export { TEST_NIX_IMAGE } from '../../../deploy/setup/test-image.mjs';

const NIX_OF = { bookworm: '2.8', trixie: '2.26', forky: '2.34' } as const;

function isKeeper(release: string): release is keyof typeof NIX_OF {
  return Object.hasOwn(NIX_OF, release);
}

/** The Nix of KEEPER_IMAGE and of TEST_NIX_IMAGE in this run, e.g. `2.34`. */
export function keeperNix(): string {
  const release = process.env['KALPANA_TEST_KEEPER'] ?? 'trixie';
  if (isKeeper(release)) return NIX_OF[release];
  throw new Error(`no test knows the Nix of ${release}`);
}

/** Imports the keeper's image, with the Nix that this run is about, and kalpana/test-nix. */
export function importKeeper(host: string): Promise<void> {
  return importKeeperOf(host, process.env['KALPANA_TEST_KEEPER']);
}

/**
 * Imports the keeper's image with Nix 2.8. About half a minute the first time on a machine, then three seconds an
 * engine.
 */
export async function importOldKeeper(host: string): Promise<void> {
  await ensureOldKeeperImage({ host });
}
