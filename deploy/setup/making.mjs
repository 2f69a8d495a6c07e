// Files and folders that are slow to make: there as a whole or not at all, whoever else makes them and whatever
// interrupts us.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { unmountBelow } from './mounts.mjs';
import { isAlive } from './processes.mjs';

/** By path, what this process is making. */
const underWay = new Map();

/**
 * Calls `make` with a path beside `path`, and puts what it made there in its place. Another process of this clone may
 * be faster: then its work stays. What an interrupted process has left is removed first. Who asks for the same path
 * meanwhile in this process waits for the first.
 */
export function makeWhole(path, make) {
  const earlier = underWay.get(path);
  if (earlier !== undefined) return earlier;
  const making = makeFirst(path, make).finally(() => underWay.delete(path));
  underWay.set(path, making);
  return making;
}

async function makeFirst(path, make) {
  mkdirSync(dirname(path), { recursive: true });
  await sweepHalfMade(path);
  const half = `${path}.making-${process.pid}`;
  const remove = () => rmSync(half, { recursive: true, force: true });
  process.on('exit', remove);
  try {
    await make(half);
    publish(half, path);
  } finally {
    await removeTree(half);
    process.off('exit', remove);
  }
}

/** A folder can't be renamed onto one that has something in it. */
function publish(half, path) {
  try {
    renameSync(half, path);
  } catch (error) {
    if (!['EEXIST', 'ENOTEMPTY'].includes(error.code)) throw error;
  }
}

async function sweepHalfMade(path) {
  const folder = dirname(path);
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const [whole, pid] = name.split('.making-');
    if (whole !== basename(path) || pid === undefined || isAlive(Number(pid))) continue;
    await removeTree(join(folder, name));
  }
}

/** What is mounted in a tree is not a part of it. */
async function removeTree(path) {
  const left = await unmountBelow([path]);
  if (left.length > 0) throw new Error(`${path} is not removed: ${left.join(', ')} cannot be unmounted`);
  rmSync(path, { recursive: true, force: true });
}
