// node_modules: `npm ci` only when it is missing or the lock file changed; and Node 24 for the second test run.
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

/**
 * `npm install --no-save` and not `npm ci`: both install what the lock file says, but ci refuses a lock file made where
 * the registry lacks other platforms' optional packages (@swc/core-darwin-*), as ours is.
 */
export async function ensureDependencies() {
  const stamp = join(root, 'node_modules/.kalpana-lock');
  const lockFile = readFileSync(join(root, 'package-lock.json'), 'utf8');
  // Native packages differ by platform; a folder copied from another machine is not up to date.
  const wanted = hashOf(lockFile, process.platform, process.arch);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return undefined;
  checkLock(JSON.parse(lockFile).packages['']);
  const { code, text } = await run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
  });
  if (code !== 0) throw new SetupError(`npm install failed:\n${text.trimEnd()}`);
  writeFileSync(stamp, wanted);
  return 'installed';
}

/** What `npm ci` would check: an install must not quietly resolve something that the lock file does not hold. */
function checkLock(locked) {
  const wanted = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const kind of ['dependencies', 'devDependencies']) {
    const [a, b] = [locked, wanted].map((of) => JSON.stringify(Object.entries(of[kind] ?? {}).sort()));
    if (a !== b)
      throw new SetupError(
        `package.json and package-lock.json disagree on ${kind}: run "npm install" and commit the lock file`,
      );
  }
}

/** The path of a Node 24, from its npm package; throws a SetupError with the reason where it can't be had. */
export async function ensureNode24() {
  const name = `node-${process.platform}-${process.arch}`;
  const prefix = join(kalpanaDir, 'node24');
  const program = join(prefix, 'node_modules', name, 'bin/node');
  if (await runs24(program)) return program;
  const args = [
    'install',
    `${name}@24`,
    '--prefix',
    prefix,
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  const { code, text } = await run('npm', args, { cwd: root });
  if (code !== 0) throw new SetupError(`no package ${name}@24 to be had: ${text.trim().split('\n')[0]}`);
  if (!(await runs24(program))) throw new SetupError(`${program} does not run on this machine`);
  return program;
}

async function runs24(program) {
  if (!existsSync(program)) return false;
  const { code, text } = await run(program, ['--version']);
  return code === 0 && text.startsWith('v24.');
}
