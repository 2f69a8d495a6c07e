// Debian packages: installed where that is ours to do (root on Debian or Ubuntu), else named for the person to install.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { findProgram, run } from './processes.mjs';
import { SetupError, say } from './say.mjs';

/** What a private engine needs: program to package. docker.io alone would leave iptables out on some releases. */
export const ENGINE_PACKAGES = { dockerd: 'docker.io', iptables: 'iptables', ip: 'iproute2' };

/** What the contract tests serve repositories with. */
export const GIT_PACKAGES = {
  git: 'git',
  'ssh-keygen': 'openssh-client',
  sshd: 'openssh-server',
  gpg: 'gnupg',
  openssl: 'openssl',
  curl: 'curl',
};

/** What the shell scripts are checked with. */
export const SHELL_CHECK_PACKAGES = { shellcheck: 'shellcheck', dash: 'dash' };

const ENV = { DEBIAN_FRONTEND: 'noninteractive' };

/** Fields of /etc/os-release, e.g. `{ ID: 'debian', VERSION_CODENAME: 'bookworm' }`. */
export function osRelease() {
  if (!existsSync('/etc/os-release')) return {};
  const lines = readFileSync('/etc/os-release', 'utf8').matchAll(/^(\w+)=(.*)$/gm);
  return Object.fromEntries([...lines].map(([, key, value]) => [key, value.replace(/^"|"$/g, '')]));
}

export function isDebianLike() {
  const { ID = '', ID_LIKE = '' } = osRelease();
  return /\b(debian|ubuntu)\b/.test(`${ID} ${ID_LIKE}`) && findProgram('apt-get') !== null;
}

/** The apt command, and once more after `apt-get update` when the package lists are missing or old. */
export async function apt(args, { cwd } = {}) {
  const first = await run('apt-get', args, { cwd, env: ENV });
  if (first.code === 0) return;
  const update = await run('apt-get', ['-q', 'update'], { env: ENV });
  const second = await run('apt-get', args, { cwd, env: ENV });
  if (second.code === 0) return;
  const words = (second.text + (update.code === 0 ? '' : update.text)).trimEnd().split('\n').slice(-6).join('\n');
  throw new SetupError(`apt-get ${args.join(' ')} failed:\n${words}`);
}

/** apt has one lock, and images are made side by side. */
let lastInstallation = Promise.resolve();

/**
 * Installs the packages whose programs are missing; `needed` maps a program to its package. Gives a line that says
 * what was installed, or undefined. `why` ends the sentence "… is needed to <why>". One installation at a time.
 */
export function ensurePackages(needed, why) {
  const installation = lastInstallation.then(() => installMissing(needed, why));
  lastInstallation = installation.catch(() => {});
  return installation;
}

async function installMissing(needed, why) {
  const missing = Object.entries(needed).filter(([program]) => findProgram(program) === null);
  if (missing.length === 0) return undefined;
  const packages = [...new Set(missing.map(([, name]) => name))];
  const programs = missing.map(([program]) => program).join(', ');
  if (!isDebianLike())
    throw new SetupError(
      `${programs} is needed to ${why}, and this is no Debian or Ubuntu: ` +
        'install it with your package manager and run this again',
    );
  const command = `apt-get install --no-install-recommends ${packages.join(' ')}`;
  if (process.getuid?.() !== 0)
    throw new SetupError(`${programs} is needed to ${why}: run "sudo ${command}" and run this again`);
  say(`installing ${packages.join(', ')} with apt-get, needed to ${why}`);
  await withoutServices(() => apt(['-q', '-y', '-o', 'Dpkg::Use-Pty=0', ...command.split(' ').slice(1)]));
  return `installed ${packages.join(', ')}`;
}

/**
 * docker.io would start its service, which would outlive us; we want the program. Debian's own switch for that is this
 * file.
 */
async function withoutServices(install) {
  const policy = '/usr/sbin/policy-rc.d';
  if (existsSync(policy)) return install();
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return await install();
  } finally {
    rmSync(policy, { force: true });
  }
}
