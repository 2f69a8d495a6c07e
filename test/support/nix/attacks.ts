import type { Docker, Shell } from '../e2e/docker.js';

/** Runs a line of bash without a terminal, so that Nix draws nothing; both streams, in their order. */
export function quietly(docker: Docker, container: string, line: string, user = '0'): Promise<Shell> {
  return docker.exec(container, ['bash', '-o', 'pipefail', '-c', `{ ${line}\n} 2>&1 | cat`], user);
}

/** Whether a path is valid in a cache: its database says so, whatever lies in the store. */
export async function isValid(docker: Docker, keeper: string, path: string): Promise<boolean> {
  return (await docker.sh(keeper, `NIX_REMOTE=local nix-store -q --hash ${path}`)).code === 0;
}

/**
 * Lines that make, in a store of the user's own at `$own`, a valid path of the name `path` which says `evil`: what an
 * attacker wants others to run. It has the hash of something else, so it proves nothing by itself.
 */
export function forgery(path: string): string {
  return `own=/tmp/own-$(id -u); forged=$own${path}
if [ ! -e $own ]; then
  mkdir -p $forged/bin; printf '#!/bin/sh\\necho evil\\n' > $forged/bin/hello; chmod 755 $forged/bin/hello
  nix-store --dump $forged > $own.nar
  { echo ${path}; sha256sum < $own.nar | cut -c1-64; wc -c < $own.nar; echo; echo 0; } | nix-store --store "local?root=$own" --load-db
  nix-store --generate-binary-cache-key attacker-1 $own.secret $own.public
fi`;
}
