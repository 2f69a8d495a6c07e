// node_modules: `npm ci` only when it is missing or the lock file changed; and another Node for the tests.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kalpanaDir, root } from './paths.mjs';
import { run } from './processes.mjs';
import { SetupError } from './say.mjs';

export function hashOf(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex').slice(0, 16);
}

/** Exactly what the lock file says; lint checks that it is whole. */
export async function ensureDependencies() {
  const stamp = join(root, 'node_modules/.kalpana-lock');
  // Native packages differ by platform; a folder copied from another machine is not up to date.
  const wanted = hashOf(readFileSync(join(root, 'package-lock.json')), process.platform, process.arch);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return undefined;
  // Scripts of packages would compile what ssh2 can do without, for half a minute.
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, text } = await run('npm', ['ci', ...options], { cwd: root });
  if (code !== 0) throw new SetupError(`npm ci failed:\n${text.trimEnd()}`);
  writeFileSync(stamp, wanted);
  return 'installed';
}

/** Node 24 is what we recommend and 20 the oldest that works: the one of them that is not running. */
const OTHER_NODE = process.versions.node.startsWith('24.') ? 20 : 24;

/**
 * The path of a Node of the other version, from its npm package; throws a SetupError with the reason where it can't be
 * had.
 */
export async function ensureOtherNode() {
  const name = `node-${process.platform}-${process.arch}`;
  const prefix = join(kalpanaDir, `node${OTHER_NODE}`);
  const program = join(prefix, 'node_modules', name, 'bin/node');
  if (await runsOther(program)) return program;
  const wanted = `${name}@${OTHER_NODE}`;
  const options = ['--prefix', prefix, '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, text } = await run('npm', ['install', wanted, ...options], { cwd: root });
  if (code !== 0) throw new SetupError(`no package ${wanted} to be had: ${text.trim().split('\n')[0]}`);
  if (!(await runsOther(program))) throw new SetupError(`${program} does not run on this machine`);
  return program;
}

async function runsOther(program) {
  if (!existsSync(program)) return false;
  const { code, text } = await run(program, ['--version']);
  return code === 0 && text.startsWith(`v${OTHER_NODE}.`);
}
