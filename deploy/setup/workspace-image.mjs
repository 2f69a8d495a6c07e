// kalpana/workspace:latest, the image of the examples: from its Dockerfile where a base image can be had, else from Debian's packages.
import { spawn } from 'node:child_process';
import { createReadStream, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { officialSources, sourceLine } from './apt-sources.mjs';
import { hashOf } from './dependencies.mjs';
import { call, callWithProgress } from './engine-api.mjs';
import { ensurePackages, osRelease } from './packages.mjs';
import { cacheDir, root } from './paths.mjs';
import { run } from './processes.mjs';
import { SetupError, say } from './say.mjs';

export const WORKSPACE_IMAGE = 'kalpana/workspace:latest';
export const RECIPE_LABEL = 'kalpana.image-recipe';

const folder = join(root, 'deploy/images/workspace');
const files = readdirSync(folder).sort();
export const recipe = hashOf(...files.map((name) => readFileSync(join(folder, name))));

/** `engine` is a host and its TLS files. Gives a line that says what was done, or undefined when the image is there. */
export async function ensureWorkspaceImage(engine, { tryRegistry = true } = {}) {
  const present = await call(engine.host, 'GET', `/images/${WORKSPACE_IMAGE}/json`, { tls: engine.tls, ignore: [404] });
  if (present.Config?.Labels?.[RECIPE_LABEL] === recipe) return undefined;
  if (tryRegistry && !existsSync(rootfs())) {
    try {
      await buildFromDockerfile(engine);
      return `${WORKSPACE_IMAGE} built from its Dockerfile`;
    } catch (error) {
      say(`no base image to be had (${error.message.split('\n')[0].slice(0, 120)}): making ${WORKSPACE_IMAGE} from Debian's packages, about half a minute`);
    }
  }
  await ensureRootfs();
  await importRootfs(engine);
  return `${WORKSPACE_IMAGE} made from Debian's packages`;
}

/** The base is pulled first: a registry that can't be reached says so in seconds, and silence is no answer for ever. */
async function buildFromDockerfile({ host, tls }) {
  const base = /^FROM (\S+):(\S+)/m.exec(readFileSync(join(folder, 'Dockerfile'), 'utf8'));
  const present = await call(host, 'GET', `/images/${base[1]}:${base[2]}/json`, { tls, ignore: [404] });
  if (!present.Id) say(`pulling ${base[1]}:${base[2]}`);
  if (!present.Id) await callWithProgress(host, 'POST', `/images/create?fromImage=${base[1]}&tag=${base[2]}`, { tls, idleMs: 20_000 });
  const context = spawn('tar', ['-C', folder, '-cf', '-', ...files], { stdio: ['ignore', 'pipe', 'inherit'] }).stdout;
  const query = new URLSearchParams({ t: WORKSPACE_IMAGE, labels: JSON.stringify({ [RECIPE_LABEL]: recipe }), rm: '1', forcerm: '1' });
  await callWithProgress(host, 'POST', `/build?${query}`, { tls, body: context, idleMs: 120_000 });
}

function rootfs() {
  return join(cacheDir, `workspace-rootfs-${recipe}.tar`);
}

/** Makes the root file system with mmdebstrap, once a recipe. */
export async function ensureRootfs() {
  if (existsSync(rootfs())) return undefined;
  const sources = officialSources();
  const suite = osRelease().VERSION_CODENAME;
  if (sources.length === 0) throw new SetupError(`no base image and no Debian packages: make ${WORKSPACE_IMAGE} available on the engine (docker pull, docker load or docker build deploy/images/workspace) and run this again`);
  await ensurePackages({ mmdebstrap: 'mmdebstrap' }, 'make the demo image without a registry');
  mkdirSync(cacheDir, { recursive: true });
  const made = `${rootfs()}.${process.pid}.tar`;
  const packages = readFileSync(join(folder, 'packages.txt'), 'utf8').trim().split(/\s+/);
  const lean = ['doc', 'man', 'locale', 'info', 'lintian'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
  const { code, text } = await run('mmdebstrap', ['--quiet', '--variant=essential', `--include=${packages.join(',')}`, ...lean, suite, made, ...sources.map(sourceLine)]);
  if (code !== 0) {
    rmSync(made, { force: true });
    throw new SetupError(`mmdebstrap failed:\n${text.trimEnd().split('\n').slice(-8).join('\n')}`);
  }
  renameSync(made, rootfs());
  return `${Math.round(statSync(rootfs()).size / 1e6)} MB`;
}

/** The same settings as the Dockerfile's. */
async function importRootfs({ host, tls }) {
  const settings = readFileSync(join(folder, 'Dockerfile'), 'utf8').match(/^(WORKDIR|ENV|CMD) .*$/gm);
  const changes = [...settings, 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', `LABEL ${RECIPE_LABEL}=${recipe}`];
  const [repo, tag] = WORKSPACE_IMAGE.split(':');
  const query = new URLSearchParams([['fromSrc', '-'], ['repo', repo], ['tag', tag], ...changes.map((change) => ['changes', change])]);
  await callWithProgress(host, 'POST', `/images/create?${query}`, { tls, body: createReadStream(rootfs()), idleMs: 120_000 });
}
