// Part of lint: package-lock.json is whole, so that `npm ci` works on every platform and installs exactly what was
// reviewed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { SetupError, runMain } from './say.mjs';

const KINDS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];

/** What is wrong with a lock file (version 3) for the package.json `manifest`, a line each; empty when it is whole. */
export function lockFaults(lock, manifest) {
  const { '': locked = {}, ...packages } = lock.packages ?? {};
  if (lock.lockfileVersion !== 3) return [`lockfileVersion is ${lock.lockfileVersion}, and 3 is wanted`];
  return [
    ...KINDS.filter((kind) => asText(locked[kind]) !== asText(manifest[kind])).map(
      (kind) => `package.json and package-lock.json disagree on ${kind}`,
    ),
    ...Object.entries(packages).flatMap(([path, entry]) => entryFaults(path, entry)),
    ...Object.entries(lock.packages).flatMap(([path, entry]) => missing(path, entry, packages)),
  ];
}

function asText(dependencies = {}) {
  return JSON.stringify(Object.entries(dependencies).sort());
}

function entryFaults(path, { integrity, resolved }) {
  return [
    ...(/^sha512-/.test(integrity ?? '') ? [] : [`${path} has no integrity hash`]),
    ...(resolved === undefined ? [] : [`${path} holds a download address`]),
  ];
}

/**
 * npm leaves out optional packages that the registry did not have when the lock file was made, and refuses such a lock
 * file on the platforms that they are for.
 */
function missing(path, { dependencies, devDependencies, optionalDependencies, ...entry }, packages) {
  const optionalPeers = entry.peerDependenciesMeta ?? {};
  const peers = Object.keys(entry.peerDependencies ?? {}).filter((name) => !optionalPeers[name]?.optional);
  const own = path === '' ? devDependencies : {};
  const wanted = [...Object.keys({ ...dependencies, ...own, ...optionalDependencies }), ...peers];
  return wanted
    .filter((name) => !placesOf(name, path).some((place) => place in packages))
    .map((name) => `${path || 'package.json'} needs ${name}, which has no entry`);
}

/** Where Node looks for `name` from the package at `path`: below it, then beside each folder above. */
function placesOf(name, path) {
  const parts = path === '' ? [] : path.split(/(?:^|\/)node_modules\//).slice(1);
  return Array.from({ length: parts.length + 1 }, (_, depth) =>
    [...parts.slice(0, depth), name].map((part) => `node_modules/${part}`).join('/'),
  );
}

function main() {
  const [lock, manifest] = ['package-lock.json', 'package.json'].map((name) =>
    JSON.parse(readFileSync(join(root, name), 'utf8')),
  );
  const faults = lockFaults(lock, manifest);
  if (faults.length > 0)
    throw new SetupError(
      `package-lock.json is not whole:\n${faults.join('\n')}\n` +
        'remove it and node_modules, run "npm install" where all packages can be had, and commit what it makes',
    );
}

if (process.argv[1] === import.meta.filename) await runMain(main);
