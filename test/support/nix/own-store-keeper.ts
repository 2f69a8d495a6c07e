// A keeper's image whose programs are in a Nix store of its own: the cache's volume hides both.
import { expect } from '@jest/globals';
import { call } from '../../../deploy/setup/engine-api.mjs';
import type { Docker } from '../e2e/docker.js';
import { KEEPER_IMAGE } from './images.js';
import { storePath } from './store-images.js';
import { PATIENCE } from '../e2e/eventually.js';

export interface OwnStoreImage {
  /** `repo:tag` */
  readonly reference: string;
  readonly from: string;
  /** In sh, as root, with the Nix of the image. */
  readonly script: string;
}

/** Where an image of `importOwnStoreKeeper` has its shell and its Nix. */
export const KEEPER_PROGRAMS = storePath('keeper-programs-1.0');

/** A line that makes a path of the image's store known to its own database. */
export const registers = (path: string): string => `printf '%s\\n' '${path}' '' 0 | nix-store --register-validity`;

/** Commits what a script has made of an image. */
export async function makeOwnStoreImage(docker: Docker, { reference, from, script }: OwnStoreImage): Promise<void> {
  const [repo = '', tag = ''] = reference.split(':');
  const env = ['NIX_REMOTE=local', 'NIX_CONFIG=build-users-group =', 'HOME=/root'];
  const id = await docker.create(`maker-${repo.replace('/', '-')}-${tag}`, {
    Image: from,
    Cmd: ['/usr/bin/dash', '-ec', script],
    Env: env,
    Tty: true,
    HostConfig: { NetworkMode: 'none' },
  });
  await docker.start(id);
  const { StatusCode } = (await call(docker.host, 'POST', `/containers/${id}/wait`, { idleMs: PATIENCE * 60_000 })) as {
    StatusCode: number;
  };
  expect({ code: StatusCode, text: await docker.logs(id) }).toMatchObject({ code: 0 });
  await call(docker.host, 'POST', `/commit?${new URLSearchParams({ container: id, repo, tag })}`, {
    idleMs: PATIENCE * 60_000,
  });
  await docker.remove(id);
}

/** The keeper's image with its shell and its Nix in /nix/store, known to its own database. */
export async function importOwnStoreKeeper(docker: Docker, reference: string): Promise<void> {
  const moved = ['bash', 'nix', 'sed'].map(
    (name) =>
      `mv /usr/bin/${name} ${KEEPER_PROGRAMS}/bin/${name}; ln -s ${KEEPER_PROGRAMS}/bin/${name} /usr/bin/${name}`,
  );
  await makeOwnStoreImage(docker, {
    reference,
    from: KEEPER_IMAGE,
    script: `mkdir -p ${KEEPER_PROGRAMS}/bin; ${moved.join('; ')}; ln -sf ${KEEPER_PROGRAMS}/bin/bash /usr/bin/sh; ${registers(KEEPER_PROGRAMS)}`,
  });
}
