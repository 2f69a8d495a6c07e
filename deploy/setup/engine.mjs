// A private engine: a dockerd of our own, with its data under one directory, that is found and stopped by path and id.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { answers, call } from './engine-api.mjs';
import { inOwnNamespaces } from './engine-namespaces.mjs';
import { hasInterface, hostNetworkFlags } from './network.mjs';
import { commandLineOf, findProgram, isAlive, signal, until } from './processes.mjs';
import { SetupError, say } from './say.mjs';

/** The lowest API of Docker 29. */
const LOWEST_API = '1.44';

/**
 * Where an engine of `dir` has its things. Sockets lie under /run: their paths end at 107 bytes, and a clone may lie
 * deeper than that. The short name follows from `dir`, so the engine is found again without any record.
 */
export function layoutOf(dir) {
  const absolute = resolve(dir);
  const base = existsSync('/run') ? '/run' : '/tmp';
  const runDir = join(base, `kalpana-${createHash('sha256').update(absolute).digest('hex').slice(0, 10)}`);
  return {
    dir: absolute,
    dataRoot: join(absolute, 'data'),
    log: join(absolute, 'dockerd.log'),
    record: join(absolute, 'engine.json'),
    runDir,
    execRoot: join(runDir, 'exec'),
    pidFile: join(runDir, 'dockerd.pid'),
    host: `unix://${join(runDir, 'docker.sock')}`,
  };
}

/**
 * The process id of the dockerd of `dir`, or null. A pid file alone proves nothing: ids are used again after a reboot.
 */
export function privateEnginePid(dir) {
  const { pidFile, dataRoot } = layoutOf(dir);
  const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : 0;
  return pid > 0 && isAlive(pid) && commandLineOf(pid).includes(dataRoot) ? pid : null;
}

/** The host of the engine of `dir` when it runs and answers, or null. */
export async function runningPrivateEngine(dir) {
  const { host } = layoutOf(dir);
  return privateEnginePid(dir) !== null && (await answers(host)) ? host : null;
}

/** Gives the path of dockerd; `root` is where its programs are unpacked, or null for the machine's own. */
function checkMachine(root) {
  if (process.getuid?.() !== 0) {
    throw new SetupError(
      'a private dockerd needs root: run this as root, or start Docker and give your user access to its socket ' +
        '(group docker)',
    );
  }
  const mounts = readFileSync('/proc/mounts', 'utf8');
  if (!/ cgroup2? /.test(mounts)) {
    throw new SetupError(
      'no cgroups are mounted, and containers need them: mount -t cgroup2 none /sys/fs/cgroup ' +
        '(or install cgroupfs-mount), then run this again',
    );
  }
  const dockerd = root === null ? findProgram('dockerd') : '/usr/sbin/dockerd';
  if (!dockerd)
    throw new SetupError(
      'no dockerd is installed: install the package docker.io (Debian, Ubuntu) or Docker Engine, then run this again',
    );
  return dockerd;
}

function tailOf(file, lines) {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
}

/**
 * Starts the engine of `dir`, or gives the one that runs there.
 * - `pool`: the address pool of its networks, e.g. `10.213.0.0/16`; engines on one host need different ones.
 * - `ownNetwork`: in a network namespace of its own; `busybox` is the program that brings its loopback up. Nothing of
 *   the host's interfaces, ports and firewall is touched then; a client of published ports has to enter it
 *   (`enterNetwork`).
 * - `root`: a folder of ensureEngineRoot, whose engine runs in place of the machine's own: with containerd's image
 *   store, and refusing an API below 1.44, as Docker 29 does. It needs `ownNetwork`.
 * - `fresh`: data of an earlier engine of `dir` is deleted first.
 */
export async function startPrivateEngine({
  dir,
  pool = '10.213.0.0/16',
  ownNetwork = null,
  root = null,
  fresh = false,
  quiet = false,
}) {
  const layout = layoutOf(dir);
  const running = await runningPrivateEngine(dir);
  if (running) return { ...layout, pid: privateEnginePid(dir), started: false };
  const dockerd = checkMachine(root);
  if (fresh) rmSync(layout.dataRoot, { recursive: true, force: true });
  mkdirSync(layout.dataRoot, { recursive: true });
  mkdirSync(layout.runDir, { recursive: true, mode: 0o711 });
  removeStalePidFiles(layout);
  const bridge = `kal-${layout.runDir.slice(-10)}`;
  const networkFlags = ownNetwork ? [] : await hostNetworkFlags(bridge, pool);
  writeFileSync(
    layout.record,
    JSON.stringify(ownNetwork ? { ownNetwork: true } : hostRecord(networkFlags.length > 0 ? bridge : 'docker0')),
  );
  const flags = [
    '--data-root',
    layout.dataRoot,
    '--exec-root',
    layout.execRoot,
    '--pidfile',
    layout.pidFile,
    '-H',
    layout.host,
    '--default-address-pool',
    `base=${pool},size=24`,
    '--shutdown-timeout',
    '10',
    ...networkFlags,
    ...(root === null ? [] : ['--config-file', newerSettings(layout)]),
  ];
  const attempt = (extra) => launch(layout, [dockerd, ...flags, ...extra], { busybox: ownNetwork, root });
  const failure = (await attempt([])) && (await retryWithVfs(layout, attempt));
  if (failure)
    throw new SetupError(
      `${failure}; the last lines of ${layout.log}:\n${tailOf(layout.log, 8)}\n${remedyFor(tailOf(layout.log, 40))}`,
    );
  const { Driver: driver } = await call(layout.host, 'GET', '/info');
  if (driver === 'vfs' && !quiet)
    say(
      'warning: no overlay file system here, so the engine copies every layer (storage driver vfs): slower, more disk',
    );
  return { ...layout, pid: privateEnginePid(dir), started: true };
}

/**
 * Pid files of a killed engine. dockerd takes a zombie for alive and then waits for its containerd in vain; an init
 * process that reaps late (a sandbox's, a container's) leaves such zombies.
 */
function removeStalePidFiles(layout) {
  rmSync(layout.pidFile, { force: true });
  const containerdPidFile = join(layout.execRoot, 'containerd/containerd.pid');
  if (existsSync(containerdPidFile) && !isAlive(Number(readFileSync(containerdPidFile, 'utf8'))))
    rmSync(containerdPidFile);
}

/** What of the host's network will be ours to take away again. */
function hostRecord(bridge) {
  const madeBridge = bridge !== 'docker0' || !hasInterface('docker0');
  const forwarded = readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim() === '1';
  return { ownNetwork: false, bridge, madeBridge, forwarded };
}

/** What Docker 29 does by default, and 28 when it is told to. */
function newerSettings({ dir }) {
  const file = join(dir, 'daemon.json');
  writeFileSync(file, JSON.stringify({ features: { 'containerd-snapshotter': true } }));
  return file;
}

/** Gives null when the engine answers, else what went wrong. */
async function launch(layout, words, { busybox, root }) {
  const log = openSync(layout.log, 'w');
  const [command, ...args] = busybox ? inOwnNamespaces(layout, { busybox, root }, words) : words;
  const env = root === null ? process.env : { ...process.env, DOCKER_MIN_API_VERSION: LOWEST_API };
  // Detached: Ctrl-C in this terminal is not meant for the engine.
  const child = spawn(command, args, { detached: true, stdio: ['ignore', log, log], cwd: '/', env });
  closeSync(log);
  let ended = null;
  child.on('error', (error) => (ended = error.message));
  child.on('exit', (code, killedBy) => (ended = `dockerd ended with ${killedBy ?? `code ${code}`}`));
  child.unref();
  const ready = await until(
    async () => ended !== null || (await answers(layout.host, { timeoutMs: 1_000 })),
    60_000,
    50,
  );
  if (ended !== null) return ended;
  if (ready) return null;
  signal(child.pid, 'SIGKILL');
  return 'dockerd did not answer within 60 s';
}

async function retryWithVfs(layout, attempt) {
  const log = tailOf(layout.log, 40);
  if (!/driver|overlay/i.test(log)) return tailOf(layout.log, 1);
  say('warning: the default storage driver does not start here; trying vfs (slower, more disk)');
  rmSync(layout.dataRoot, { recursive: true, force: true });
  mkdirSync(layout.dataRoot, { recursive: true });
  return attempt(['--storage-driver', 'vfs']);
}

function remedyFor(log) {
  if (/iptables|nat.*chain/i.test(log))
    return (
      'the engine cannot set up its firewall rules: install iptables and allow this machine NET_ADMIN ' +
      '(a container needs --privileged)'
    );
  if (/cgroup/i.test(log))
    return 'the engine cannot use the cgroups: mount them, or run this on the host rather than in a container';
  if (/overlap|address pool/i.test(log))
    return `another network uses the engine's addresses: remove it, or use a running engine through DOCKER_HOST`;
  return 'remedy: read the log, or start Docker yourself and run this again (DOCKER_HOST is respected)';
}
