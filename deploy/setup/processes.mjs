// Processes, by id and only after a look at what they are: never by a broad name.
import { accessSync, constants, readFileSync, readdirSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { basename, delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { undoable } from './undo.mjs';

export function commandLineOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
  } catch {
    return [];
  }
}

/** Ids of the processes that have `text` on their command line; use only what nobody else can have there. */
export function processesNaming(text) {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && commandLineOf(pid).some((word) => word.includes(text)))
    .map(Number);
}

/** Alive and no zombie. */
export function isAlive(pid) {
  const stat = statOf(pid);
  return stat !== null && stat.state !== 'Z' && stat.state !== 'X';
}

function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return null;
  }
}

const ENGINE_PROGRAMS = /^(dockerd|containerd|containerd-shim.*|docker-init|runc)$/;

/** An engine's daemons and shims, known by a path of ours on their command line: none of its containers' processes. */
export function engineDaemons(paths) {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && isAlive(pid) && isDaemonOf(pid, paths));
}

function isDaemonOf(pid, paths) {
  const [program = '', ...words] = commandLineOf(pid);
  return (
    ENGINE_PROGRAMS.test(basename(program)) && words.some((word) => paths.some((path) => word.includes(`${path}/`)))
  );
}

/**
 * What an engine runs: its daemons and shims, known by a path of ours on their command line, everything in the
 * containers `containerIds`, known by its cgroup, and all their descendants (docker-proxy names no path).
 */
export function engineProcesses(paths, containerIds = []) {
  const parents = new Map();
  const found = new Set();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    const stat = Number.isInteger(pid) && pid !== process.pid ? statOf(pid) : null;
    if (!stat || stat.state === 'Z' || stat.state === 'X') continue;
    parents.set(pid, stat.parent);
    if (isDaemonOf(pid, paths) || isContained(pid, containerIds)) found.add(pid);
  }
  const descends = (pid) => pid !== undefined && pid > 1 && (found.has(pid) || descends(parents.get(pid)));
  return [...parents.keys()].filter(descends);
}

function isContained(pid, containerIds) {
  if (containerIds.length === 0) return false;
  try {
    const cgroup = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
    return containerIds.some((id) => cgroup.includes(id));
  } catch {
    return false;
  }
}

export async function until(condition, timeoutMs, everyMs = 25) {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    if (await condition()) return true;
    await delay(everyMs);
  }
  return Boolean(await condition());
}

export function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** The path of a program, also where the sbin folders are not on PATH; or null. */
export function findProgram(name) {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']) {
    const path = join(folder || '.', name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return null;
}

/**
 * Runs a command to its end. `output`: 'inherit', or 'capture' to get stdout and stderr together as text. `onLine` is
 * told each whole line of them as it comes.
 */
export function run(command, args, { cwd, env, output = 'capture', input, onStart, onLine } = {}) {
  const stdio = output === 'inherit' ? ['ignore', 'inherit', 'inherit'] : [input ? 'pipe' : 'ignore', 'pipe', 'pipe'];
  // In a group of its own, so that all that it started can be ended with it.
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio, detached: true });
  onStart?.(child);
  let text = '';
  let told = 0;
  const take = (chunk) => {
    text += chunk;
    const end = text.lastIndexOf('\n');
    if (onLine && end >= told) for (const line of text.slice(told, end).split(/[\r\n]+/)) onLine(line);
    told = Math.max(told, end + 1);
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  child.stdin?.end(input);
  const closed = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, killedBy) => resolve({ code: code ?? 1, killedBy, text }));
  });
  return undoable(
    () => endGroup(child, closed),
    () => closed,
  );
}

const GRACE_MS = 3_000;

async function endGroup(child, closed) {
  if (child.pid === undefined) return;
  signal(-child.pid, 'SIGTERM');
  await Promise.race([closed, delay(GRACE_MS)]);
  signal(-child.pid, 'SIGKILL');
  await closed;
}
