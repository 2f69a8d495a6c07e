// An image of Debian packages, made in two ways from one recipe: from its Dockerfile where a base image can be had,
// else with mmdebstrap.
import { spawn } from 'node:child_process';
import { createReadStream, existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { sourcesOfSuite } from './apt-sources.mjs';
import { hashOf } from './dependencies.mjs';
import { call, callWithProgress } from './engine-api.mjs';
import { makeWhole } from './making.mjs';
import { mmdebstrap } from './mmdebstrap.mjs';
import { osRelease } from './packages.mjs';
import { cacheDir } from './paths.mjs';
import { SetupError, say } from './say.mjs';

export const RECIPE_LABEL = 'kalpana.image-recipe';

/**
 * `folder` is the recipe: a Dockerfile and packages.txt; where the image needs accounts, lines for /etc/passwd and
 * /etc/group in `passwd` and `group`; in leave-out.txt what is taken away at the end. `suite` is a Debian release, or
 * null for the machine's own; `expired`: its list of packages may be one that the mirror no longer renews.
 */
export function debianImage({ image, folder, suite = null, expired = false }) {
  const files = readdirSync(folder).sort();
  const recipe = hashOf(...files.map((name) => readFileSync(join(folder, name))), ...(suite ? [suite] : []));
  const rootfs = join(cacheDir, `${basename(folder)}-rootfs-${recipe}.tar`);
  return { image, folder, suite, expired, files, recipe, rootfs };
}

/** `engine` is a host and its TLS files. Gives a line that says what was done, or undefined when the image is there. */
export async function ensureImage(engine, made, { tryRegistry = true } = {}) {
  const present = await call(engine.host, 'GET', `/images/${made.image}/json`, { tls: engine.tls, ignore: [404] });
  if (present.Config?.Labels?.[RECIPE_LABEL] === made.recipe) return undefined;
  if (tryRegistry && !existsSync(made.rootfs)) {
    try {
      await buildFromDockerfile(engine, made);
      return `${made.image} built from its Dockerfile`;
    } catch (error) {
      say(
        `no base image to be had (${error.message.split('\n')[0].slice(0, 120)}): ` +
          `making ${made.image} from Debian's packages`,
      );
    }
  }
  await ensureRootfs(made);
  await importRootfs(engine, made);
  return `${made.image} made from Debian's packages`;
}

/** The base is pulled first: a registry that can't be reached says so in seconds, and silence is no answer for ever. */
async function buildFromDockerfile({ host, tls }, { image, folder, files, recipe }) {
  const base = /^FROM (\S+):(\S+)/m.exec(readFileSync(join(folder, 'Dockerfile'), 'utf8'));
  const present = await call(host, 'GET', `/images/${base[1]}:${base[2]}/json`, { tls, ignore: [404] });
  if (!present.Id) say(`pulling ${base[1]}:${base[2]}`);
  if (!present.Id)
    await callWithProgress(host, 'POST', `/images/create?fromImage=${base[1]}&tag=${base[2]}`, { tls, idleMs: 20_000 });
  const context = spawn('tar', ['-C', folder, '-cf', '-', ...files], { stdio: ['ignore', 'pipe', 'inherit'] }).stdout;
  const query = new URLSearchParams({
    t: image,
    labels: JSON.stringify({ [RECIPE_LABEL]: recipe }),
    rm: '1',
    forcerm: '1',
  });
  await callWithProgress(host, 'POST', `/build?${query}`, { tls, body: context, idleMs: 120_000 });
}

/** What each optional file of a recipe does to the root file system `$1`, as in the Dockerfile. */
const HOOKS = {
  passwd: 'cat "$KALPANA_RECIPE/passwd" >> "$1/etc/passwd"',
  group: 'cat "$KALPANA_RECIPE/group" >> "$1/etc/group"',
  'leave-out.txt': 'cd "$1" && rm -rf $(cat "$KALPANA_RECIPE/leave-out.txt")',
};

/** Makes the root file system with mmdebstrap, once a recipe. */
export async function ensureRootfs(made) {
  if (existsSync(made.rootfs)) return undefined;
  await makeWhole(made.rootfs, (tarball) => makeRootfs(made, tarball));
  return `${Math.round(statSync(made.rootfs).size / 1e6)} MB`;
}

async function makeRootfs({ image, folder, suite, expired, files }, tarball) {
  const sources = sourcesOfSuite(suite);
  if (sources.length === 0) {
    const release = suite ? `Debian's release ${suite}` : 'Debian packages';
    throw new SetupError(
      `no base image and no mirror of ${release}: make ${image} available on the engine ` +
        `(docker pull, docker load or docker build ${folder}) and run this again`,
    );
  }
  const hooks = Object.keys(HOOKS)
    .filter((name) => files.includes(name))
    .map((name) => HOOKS[name]);
  await mmdebstrap({
    suite: suite ?? osRelease().VERSION_CODENAME,
    packages: readFileSync(join(folder, 'packages.txt'), 'utf8').trim().split(/\s+/),
    target: tarball,
    format: 'tar',
    variant: 'essential',
    sources,
    expired,
    hooks,
    env: { KALPANA_RECIPE: folder },
    name: image,
    why: `make ${image} without a registry`,
  });
}

/** The same settings as the Dockerfile's. */
async function importRootfs({ host, tls }, { image, folder, recipe, rootfs }) {
  const settings = readFileSync(join(folder, 'Dockerfile'), 'utf8').match(/^(WORKDIR|ENV|CMD) .*$/gm);
  const changes = [
    ...settings,
    'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    `LABEL ${RECIPE_LABEL}=${recipe}`,
  ];
  const [repo, tag] = image.split(':');
  const query = new URLSearchParams([
    ['fromSrc', '-'],
    ['repo', repo],
    ['tag', tag],
    ...changes.map((change) => ['changes', change]),
  ]);
  await callWithProgress(host, 'POST', `/images/create?${query}`, {
    tls,
    body: createReadStream(rootfs),
    idleMs: 120_000,
  });
}
