import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { call, callWithProgress } from '../../../deploy/setup/engine-api.mjs';
import { busybox } from '../../../deploy/setup/test-image.mjs';
import { KEEPER_IMAGE } from './images.js';
import { PATIENCE } from '../e2e/eventually.js';

/** Files by their path below the root; a value that begins with `-> ` is a link, and `#!` makes a program. */
export type Tree = Readonly<Record<string, string>>;

const ALPHABET = '0123456789abcdfghijklmnpqrsvwxyz';

/** A store path of this name, always the same one. Nix asks of a hash in a name only that it looks like one. */
export function storePath(name: string): string {
  const bytes = createHash('sha256').update(name).digest();
  return `/nix/store/${[...bytes].map((byte) => ALPHABET[byte % 32]).join('')}-${name}`;
}

export const BUSYBOX = storePath('busybox-1.0');
const TEXT = storePath('text-1.0');
const TOOLS = storePath('tools-1.0');
export const PROFILE = storePath('profile-1.0');
export const SHELL = storePath('shell-1.0');

/** References that Nix has to find: in a file, in a link below a path, in a path that is a link itself. */
export const REFERENCES: Readonly<Record<string, readonly string[]>> = {
  [BUSYBOX]: [],
  [TEXT]: [],
  [TOOLS]: [BUSYBOX, TEXT].sort(),
  [PROFILE]: [TOOLS],
  [SHELL]: [BUSYBOX],
};

/** An image whose shell is in its own store, as dockerTools makes them: without a Nix database. */
export const STORE_TREE: Tree = {
  [`${TEXT}/words`]: 'words of the image',
  [`${TOOLS}/bin/words`]: `#!${BUSYBOX}/bin/sh\ncat ${TEXT}/words\n`,
  [`${PROFILE}/bin/words`]: `-> ${TOOLS}/bin/words`,
  [SHELL]: `-> ${BUSYBOX}/bin/sh`,
  '/bin': `-> ${BUSYBOX}/bin`,
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
  '/tmp/empty': '',
  '/workspace/empty': '',
};

export interface StoreImage {
  readonly reference: string;
  readonly tree?: Tree;
  /** Registers `REFERENCES` in /nix/var/nix/db of the image. */
  readonly database?: boolean;
  /** Further directories in /nix/store, by their names as bytes. */
  readonly names?: readonly string[];
  /** As after an installation of Nix for several users: build users may make entries in /nix/store. */
  readonly isShared?: boolean;
}

/** The group of build users, in an installation of Nix as in a keeper. */
const BUILDERS = 30_000;

/**
 * Imports an image with a Nix store of its own: nothing of it but that store can run. Gives its id, without `sha256:`;
 * see `trusted`.
 */
export async function importStoreImage(
  host: string,
  { reference, tree = STORE_TREE, database = false, names = [], isShared = false }: StoreImage,
): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'kalpana-store-image-'));
  try {
    chmodSync(root, 0o755);
    plant(root, tree);
    for (const name of names) mkdirSync(Buffer.from(`${join(root, 'nix/store')}/${name}`, 'latin1'));
    if (isShared) chmodSync(join(root, 'nix/store'), 0o1775);
    if (database) await register(host, root);
    const [repo = '', tag = 'latest'] = reference.split(':');
    const changes = ['CMD ["sleep","infinity"]', `ENV PATH=${PROFILE}/bin:/bin`];
    const query = new URLSearchParams([
      ['fromSrc', '-'],
      ['repo', repo],
      ['tag', tag],
      ...changes.map((change): [string, string] => ['changes', change]),
    ]);
    const owners = ['--owner=0', `--group=${isShared ? BUILDERS : 0}`];
    const archive = spawn('tar', [...owners, '--sort=name', '-C', root, '-cf', '-', '.'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    }).stdout;
    await callWithProgress(host, 'POST', `/images/create?${query}`, { body: archive });
    return await imageId(host, reference);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** What of a NixCache's spec trusts these images, and no other one that is given their names. */
export function trusted(...imageIds: readonly string[]): { readonly trustedImages: string[] } {
  return { trustedImages: imageIds.map((id) => `sha256:${id}`) };
}

export async function imageId(host: string, reference: string): Promise<string> {
  const { Id } = (await call(host, 'GET', `/images/${reference}/json`)) as { Id: string };
  return Id.replace('sha256:', '');
}

function plant(root: string, tree: Tree): void {
  mkdirSync(join(root, BUSYBOX, 'bin'), { recursive: true });
  cpSync(busybox, join(root, BUSYBOX, 'bin/busybox'));
  chmodSync(join(root, BUSYBOX, 'bin/busybox'), 0o755);
  for (const applet of ['sh', 'sleep', 'cat', 'ls', 'echo', 'test', 'id', 'touch', 'true'])
    symlinkSync('busybox', join(root, BUSYBOX, 'bin', applet));
  for (const [path, content] of Object.entries(tree)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    if (content.startsWith('-> ')) symlinkSync(content.slice(3), file);
    else writeFileSync(file, content, { mode: content.startsWith('#!') ? 0o755 : 0o644 });
  }
}

async function register(host: string, root: string): Promise<void> {
  const rows = Object.entries(REFERENCES).flatMap(([path, references]) => [
    path,
    '',
    String(references.length),
    ...references,
  ]);
  const script = `nix-store --register-validity <<'END'\n${rows.join('\n')}\nEND`;
  const body = {
    Image: KEEPER_IMAGE,
    Cmd: ['sh', '-ec', script],
    Env: ['HOME=/root', 'NIX_REMOTE=local', 'NIX_CONFIG=build-users-group ='],
    Tty: true,
    HostConfig: { Binds: [`${root}/nix:/nix`], NetworkMode: 'none' },
  };
  const { Id } = (await call(host, 'POST', '/containers/create', { body })) as { Id: string };
  try {
    await call(host, 'POST', `/containers/${Id}/start`);
    const { StatusCode } = (await call(host, 'POST', `/containers/${Id}/wait`, { idleMs: PATIENCE * 60_000 })) as {
      StatusCode: number;
    };
    if (StatusCode !== 0)
      throw new Error(
        `no database for ${root}: ${String(await call(host, 'GET', `/containers/${Id}/logs?stdout=1&stderr=1`))}`,
      );
  } finally {
    await call(host, 'DELETE', `/containers/${Id}?force=1&v=1`, { ignore: [404] });
  }
}
