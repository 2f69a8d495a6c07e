// mmdebstrap, as quick as it can be: what it makes is an image, and what nobody reads in one is left out.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePackages } from './packages.mjs';
import { run } from './processes.mjs';
import { SetupError, progressOf } from './say.mjs';
import { sourceLine } from './apt-sources.mjs';
import { undoable } from './undo.mjs';

const LEFT_OUT = ['doc', 'man', 'locale', 'info', 'lintian'].map(
  (name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`,
);

/**
 * Its filter of paths is a Python program that runs once a package: the system's Python, for a version manager before
 * it (pyenv) takes a second each time.
 */
const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Puts `packages` of a release into `target`, a tarball or a folder by `format`. `variant` is `essential` for a system
 * that runs by itself, `extract` for the packages' files alone. `sources` are those of apt-sources.mjs; `expired`:
 * their lists may be some that the mirror no longer renews. `name` is what the lines of
 * its progress begin with, `why` is ensurePackages's. Throws a SetupError with the last words of a failure.
 */
export async function mmdebstrap({
  suite,
  packages,
  target,
  format,
  variant,
  sources,
  expired = false,
  hooks = [],
  env,
  name = `Debian ${suite}`,
  why,
}) {
  await ensurePackages({ mmdebstrap: 'mmdebstrap' }, why);
  const args = [
    '--verbose',
    `--variant=${variant}`,
    `--format=${format}`,
    `--include=${packages.join(',')}`,
    '--dpkgopt=force-unsafe-io', // a crash half-way leaves nothing that counts
    ...LEFT_OUT,
    ...hooks.map((hook) => `--customize-hook=${hook}`),
    suite,
    target,
    ...sources.map((source) => sourceLine(source, { expired })),
  ];
  // Below /tmp, for apt's own user has to come in.
  const work = mkdtempSync(join(tmpdir(), 'kalpana-image-'));
  chmodSync(work, 0o755);
  const remove = () => rmSync(work, { recursive: true, force: true });
  try {
    const settings = { env: { ...env, PATH: SYSTEM_PATH, TMPDIR: work }, onLine: progressLines(name) };
    const { code, text } = await undoable(remove, () => run('mmdebstrap', args, settings));
    if (code !== 0) throw new SetupError(`mmdebstrap failed:\n${text.trimEnd().split('\n').slice(-8).join('\n')}`);
  } finally {
    remove();
  }
}

/** What apt and dpkg print, in a person's words. */
function progressLines(name) {
  const told = progressOf(name);
  return (line) => {
    const [, word, one] = /^(Get:\d+ \S+ \S+ \S+|Unpacking|Setting up) ([a-z0-9][^\s:]*)/.exec(line) ?? [];
    if (word !== undefined) told(`${word.startsWith('Get') ? 'downloading' : word.toLowerCase()} ${one}`);
    else if (line.startsWith('I: ')) told(line.slice(3));
  };
}
