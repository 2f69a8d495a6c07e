// A private engine's own namespaces: its network, and its mounts where it runs with the programs of another release.
import { tmpdir } from 'node:os';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kalpanaDir } from './paths.mjs';
import { engineDaemons } from './processes.mjs';

const ENTER_ROOT = fileURLToPath(new URL('enter-engine-root.sh', import.meta.url));

/**
 * The command that runs `command` in namespaces of its own; `root` is a folder of ensureEngineRoot, or null. After a
 * kill, what is left of the engine holds them, with the bridges and the mounts of its containers: back into them.
 */
export function inOwnNamespaces(layout, { busybox, root }, command) {
  // A process in one of its containers has mounts of its own.
  const [left] = engineDaemons([layout.execRoot]);
  if (left !== undefined) {
    const mounts = root === null ? [] : [`--mount=/proc/${left}/ns/mnt`];
    return ['nsenter', `--net=/proc/${left}/ns/net`, ...mounts, ...command];
  }
  const loopback = ['sh', '-c', '"$0" ip link set lo up && exec "$@"', busybox];
  if (root === null) return ['unshare', '--net', ...loopback, ...command];
  const newRoot = join(layout.runDir, 'root');
  mkdirSync(newRoot, { recursive: true });
  const own = ['unshare', '--net', '--mount', '--propagation', 'private'];
  return [...own, ...loopback, 'sh', ENTER_ROOT, busybox, root, newRoot, ...sharedPaths(layout), '--', ...command];
}

/**
 * What the engine keeps, and what tests mount: temporary folders and what was made for them once. Outer folders first.
 */
function sharedPaths({ dir, runDir }) {
  return [...new Set([tmpdir(), kalpanaDir, dir, runDir])].sort((a, b) => a.length - b.length);
}

/** The command that runs `command` in the network of the engine with this process id. */
export function enterNetwork(pid, command) {
  return ['nsenter', `--net=/proc/${pid}/ns/net`, ...command];
}
