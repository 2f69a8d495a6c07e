// Images for tests and the bench. kalpana/test:1 and :2: Debian's static busybox and nothing else, 2 MB, imported in a
// blink. kalpana/test-nix: a workspace's image with Nix in it, on the keeper's.
import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RECIPE_LABEL } from './debian-image.mjs';
import { callWithProgress } from './engine-api.mjs';
import { KEEPER_IMAGE, ensureKeeperImage, keeperOf } from './keeper-image.mjs';
import { apt } from './packages.mjs';
import { cacheDir } from './paths.mjs';
import { run } from './processes.mjs';
import { SetupError } from './say.mjs';

/** Raised when the recipe changes: names the cached files. */
const RECIPE = 1;

export const testRootfs = join(cacheDir, `test-rootfs-${RECIPE}.tar`);
/** The program itself, for the set-up's own use. */
export const busybox = join(cacheDir, `busybox-${RECIPE}`);

/** Makes the root file system once; gives a line that says so, or undefined when it is there. */
export async function ensureTestRootfs() {
  if (existsSync(testRootfs) && existsSync(busybox)) return undefined;
  mkdirSync(cacheDir, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'kalpana-busybox-'));
  try {
    await must('dpkg-deb', ['-x', await downloadedPackage(work), join(work, 'package')]);
    const program = join(work, 'package/bin/busybox');
    const tree = await rootTree(join(work, 'root'), program);
    const made = join(work, 'rootfs.tar');
    await must('tar', ['--owner=0', '--group=0', '--sort=name', '--mtime=@0', '-C', tree, '-cf', made, '.']);
    place(made, testRootfs);
    place(program, busybox);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return 'made from busybox-static';
}

/** Copied beside its place and renamed: another run in this clone may be doing the same. */
function place(from, to) {
  cpSync(from, `${to}.${process.pid}`);
  renameSync(`${to}.${process.pid}`, to);
}

async function downloadedPackage(work) {
  // The user _apt may not write to a folder of ours.
  await apt(['-q', '-o', 'APT::Sandbox::User=root', 'download', 'busybox-static'], { cwd: work });
  return join(
    work,
    readdirSync(work).find((name) => name.endsWith('.deb')),
  );
}

async function rootTree(tree, program) {
  for (const folder of ['bin', 'etc', 'root', 'proc', 'sys', 'dev', 'var/run', 'usr', 'workspace'])
    mkdirSync(join(tree, folder), { recursive: true });
  mkdirSync(join(tree, 'tmp'));
  chmodSync(join(tree, 'tmp'), 0o1777);
  cpSync(program, join(tree, 'bin/busybox'));
  chmodSync(join(tree, 'bin/busybox'), 0o755);
  for (const applet of (await must(program, ['--list'])).split('\n').filter(Boolean)) {
    if (applet !== 'busybox') symlinkSync('busybox', join(tree, 'bin', applet));
  }
  for (const alias of ['sbin', 'usr/bin', 'usr/sbin'])
    symlinkSync(alias.includes('/') ? '../bin' : 'bin', join(tree, alias));
  writeFileSync(
    join(tree, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/workspace:/bin/sh\n' +
      'nobody:x:65534:65534:nobody:/:/bin/false\n',
  );
  writeFileSync(join(tree, 'etc/group'), 'root:x:0:\nuser:x:1000:\nnogroup:x:65534:\n');
  return tree;
}

async function must(command, args) {
  const { code, text } = await run(command, args);
  if (code !== 0) throw new SetupError(`${command} ${args.join(' ')} failed: ${text}`);
  return text;
}

/** Imports both tags into an engine; about half a second each. */
export async function importTestImages(host, tags = ['1', '2']) {
  for (const tag of tags) {
    const changes = [
      'CMD ["sleep","infinity"]',
      'ENV PATH=/bin',
      `ENV KALPANA_TEST_IMAGE=${tag}`,
      `LABEL kalpana.test-image=${tag}`,
    ];
    const query = new URLSearchParams([
      ['fromSrc', '-'],
      ['repo', 'kalpana/test'],
      ['tag', tag],
      ...changes.map((change) => ['changes', change]),
    ]);
    await callWithProgress(host, 'POST', `/images/create?${query}`, { body: createReadStream(testRootfs) });
  }
}

export const TEST_NIX_IMAGE = 'kalpana/test-nix:latest';

/** Imports the keeper's image with the Nix of a release (two to three seconds) and makes kalpana/test-nix on it. */
export async function importKeeper(host, suite) {
  await ensureKeeperImage({ host }, { suite, tryRegistry: false });
  await buildTestNix(host, keeperOf(suite).rootfs);
}

/** The keeper's image with a user `dev` (uid 1000). Only copies: neither a container nor a network is needed for it. */
async function buildTestNix(host, rootfs) {
  const work = mkdtempSync(join(tmpdir(), 'kalpana-test-nix-'));
  try {
    const accounts = { passwd: 'dev:x:1000:1000:Developer:/home/dev:/bin/bash\n', group: 'dev:x:1000:\n' };
    for (const folder of ['etc', 'home/dev']) mkdirSync(join(work, folder), { recursive: true });
    for (const [name, line] of Object.entries(accounts)) {
      writeFileSync(join(work, 'etc', name), (await must('tar', ['-xOf', rootfs, `./etc/${name}`])) + line);
    }
    const lines = [
      `FROM ${KEEPER_IMAGE}`,
      'COPY etc /etc',
      'COPY --chown=1000:1000 home /home',
      `LABEL ${RECIPE_LABEL}= kalpana.test-image=nix`,
      'CMD ["sleep", "infinity"]',
    ];
    writeFileSync(join(work, 'Dockerfile'), lines.join('\n'));
    const context = spawn('tar', ['-C', work, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'inherit'] }).stdout;
    await callWithProgress(
      host,
      'POST',
      `/build?${new URLSearchParams({ t: TEST_NIX_IMAGE, rm: '1', forcerm: '1' })}`,
      { body: context },
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
