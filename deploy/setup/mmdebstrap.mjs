// mmdebstrap, as quick as it can be: what it makes is an image, and what nobody reads in one is left out.
import { ensurePackages } from './packages.mjs';
import { run } from './processes.mjs';
import { SetupError } from './say.mjs';
import { sourceLine } from './apt-sources.mjs';

const LEFT_OUT = ['doc', 'man', 'locale', 'info', 'lintian'].map(
  (name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`,
);

/**
 * Its filter of paths is a Python program that runs once a package: the system's Python, for a version manager before it
 * (pyenv) takes a second each time.
 */
const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Puts `packages` of a release into `target`, a tarball or a folder by `format`. `variant` is `essential` for a system that
 * runs by itself, `extract` for the packages' files alone. `sources` are those of apt-sources.mjs; `expired`: their lists
 * may be some that the mirror no longer renews. `why` is ensurePackages's. Throws a SetupError with the last words of a failure.
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
  why,
}) {
  await ensurePackages({ mmdebstrap: 'mmdebstrap' }, why);
  const args = [
    '--quiet',
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
  const { code, text } = await run('mmdebstrap', args, { env: { ...env, PATH: SYSTEM_PATH } });
  if (code !== 0) throw new SetupError(`mmdebstrap failed:\n${text.trimEnd().split('\n').slice(-8).join('\n')}`);
}
