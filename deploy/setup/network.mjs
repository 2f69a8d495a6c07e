// What a private engine does to the host's network, and how little of it.
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { commandLineOf, findProgram, run } from './processes.mjs';
import { SetupError, say } from './say.mjs';

/**
 * Process ids of the dockerds in this network: one with a network of its own shares no bridge and no firewall with
 * ours.
 */
export function runningEngines() {
  const pids = readdirSync('/proc').filter(
    (pid) => /^\d+$/.test(pid) && basename(commandLineOf(pid)[0] ?? '') === 'dockerd',
  );
  return pids.map(Number).filter((pid) => networkOf(pid) === networkOf('self'));
}

function networkOf(pid) {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return null;
  }
}

/** /proc/net, for /sys/class/net can show another namespace's. */
export function hasInterface(name) {
  return new RegExp(`^\\s*${name}:`, 'm').test(readFileSync('/proc/net/dev', 'utf8'));
}

/**
 * The dockerd flags for the host's own network. Beside another dockerd ours must leave docker0 and the firewall alone:
 * a starting dockerd flushes the DOCKER chains of the first, and with `--bridge none` it deletes docker0 (seen with
 * 20.10).
 */
export async function hostNetworkFlags(bridge, pool) {
  const [other] = runningEngines();
  if (other === undefined) return [];
  say(
    `warning: another dockerd runs on this machine (process ${other}) but is not the engine in use here; ` +
      'ours leaves the firewall',
  );
  say(
    '         to it, so its containers have no way to other hosts. ' +
      'To use the other one, set DOCKER_HOST to its socket.',
  );
  const ip = findProgram('ip');
  if (!ip) throw new SetupError('a second engine needs a bridge of its own: install iproute2 and run this again');
  if (!hasInterface(bridge)) await run(ip, ['link', 'add', 'name', bridge, 'type', 'bridge']);
  const address = pool.replace(/\.0\/\d+$/, '.1/24');
  await run(ip, ['address', 'replace', address, 'dev', bridge]);
  await run(ip, ['link', 'set', bridge, 'up']);
  return ['--bridge', bridge, '--iptables=false'];
}

export async function removeInterface(name) {
  const ip = findProgram('ip');
  if (ip && hasInterface(name)) await run(ip, ['link', 'delete', name]);
}

/** Whether this machine lets us make a network namespace; a sandbox may not. */
export async function canHaveOwnNetwork() {
  const { code } = await run('unshare', ['--net', 'true']).catch(() => ({ code: 1 }));
  return code === 0 && findProgram('nsenter') !== null;
}
