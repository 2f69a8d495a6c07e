// The engine of another Debian release, unpacked beside us and not installed: newer than the one the machine's release
// has.
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { sourcesOfSuite } from './apt-sources.mjs';
import { hashOf } from './dependencies.mjs';
import { makeWhole } from './making.mjs';
import { mmdebstrap } from './mmdebstrap.mjs';
import { cacheDir } from './paths.mjs';
import { SetupError } from './say.mjs';

/** procps has the `ps` that the engine lists a container's processes with. */
const PACKAGES = ['docker.io', 'iptables', 'kmod', 'procps'];
/** Raised when the way of making changes. */
const RECIPE = 1;

/**
 * The folder with the programs of `suite`'s engine, a Debian release from trixie on; made once a machine, in about a
 * minute. Throws a SetupError where it can't be had.
 */
export async function ensureEngineRoot(suite) {
  const root = join(cacheDir, `engine-${suite}-${hashOf(...PACKAGES, process.arch, String(RECIPE))}`);
  if (!existsSync(root)) await makeWhole(root, (half) => unpack(suite, half));
  return root;
}

async function unpack(suite, folder) {
  const sources = sourcesOfSuite(suite);
  if (sources.length === 0) throw new SetupError(`this machine has no mirror of Debian's release ${suite}`);
  await mmdebstrap({
    suite,
    packages: PACKAGES,
    target: folder,
    format: 'directory',
    variant: 'extract',
    sources,
    expired: true,
    why: `unpack the engine of ${suite}`,
  });
  // What the package's script would do.
  for (const name of ['iptables', 'ip6tables']) symlinkSync('xtables-nft-multi', join(folder, 'usr/sbin', name));
}
