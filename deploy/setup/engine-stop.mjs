// Stopping a private engine and leaving nothing of it: containers, daemons, mounts, interfaces, firewall rules.
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { answers, call } from './engine-api.mjs';
import { layoutOf, privateEnginePid } from './engine.mjs';
import { removeFirewall } from './firewall.mjs';
import { removeInterface } from './network.mjs';
import { mountsBelow, unmountBelow } from './mounts.mjs';
import { engineProcesses, isAlive, signal, until } from './processes.mjs';

function recordOf(layout) {
  try {
    return JSON.parse(readFileSync(layout.record, 'utf8'));
  } catch {
    return { ownNetwork: true };
  }
}

function containerIdsIn(layout) {
  const folder = join(layout.dataRoot, 'containers');
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** What the engine of `dir` has running and mounted; empty lists after a stop. */
export function leftoversOf(dir) {
  const layout = layoutOf(dir);
  return {
    processes: engineProcesses([layout.runDir, layout.dir], containerIdsIn(layout)),
    mounts: mountsBelow([layout.runDir, layout.dir]),
  };
}

/** Containers first (`docker rm -f`), then the networks: their interfaces outlive the engine otherwise. */
export async function emptyEngine(host) {
  const containers = await call(host, 'GET', '/containers/json?all=1');
  await Promise.all(
    containers.map(({ Id: id }) =>
      call(host, 'DELETE', `/containers/${id}?force=1&v=1`, { ignore: [404, 409], idleMs: 30_000 }),
    ),
  );
  const networks = await call(host, 'GET', `/networks?filters=${encodeURIComponent('{"type":["custom"]}')}`);
  for (const { Id: id } of networks) await call(host, 'DELETE', `/networks/${id}`, { ignore: [403, 404] });
}

/**
 * Stops the engine of `dir`. `empty`: its containers and networks are removed first (else containers are stopped and
 * start again with it, by their restart policy). Gives what could not be cleaned: empty lists when all is well.
 */
export async function stopPrivateEngine({ dir, empty = false }) {
  const layout = layoutOf(dir);
  const pid = privateEnginePid(dir);
  if (pid !== null && empty && (await answers(layout.host))) await emptyEngine(layout.host).catch(() => {});
  if (pid !== null) await endDaemon(pid);
  await endProcesses(dir, pid === null ? 0 : 3_000);
  await unmountBelow([layout.runDir, layout.dir]);
  await undoHostNetwork(layout);
  const left = leftoversOf(dir);
  // What is mounted in a folder would go with it.
  if (left.mounts.length === 0) rmSync(layout.runDir, { recursive: true, force: true });
  return left;
}

async function endDaemon(pid) {
  signal(pid, 'SIGCONT'); // a paused one would not hear the next
  signal(pid, 'SIGTERM');
  if (!(await until(() => !isAlive(pid), 20_000))) signal(pid, 'SIGKILL');
}

/** A killed dockerd leaves containerd, shims and containers; a stopped one has none of them after a moment. */
async function endProcesses(dir, graceMs) {
  const left = () => leftoversOf(dir).processes;
  await until(() => left().length === 0, graceMs);
  const deadline = performance.now() + 10_000;
  while (left().length > 0 && performance.now() < deadline) {
    for (const pid of left()) signal(pid, 'SIGKILL');
    await until(() => left().length === 0, 500);
  }
}

/** Only what this engine made on the host's own network; one with its own network took everything with it. */
async function undoHostNetwork(layout) {
  const record = recordOf(layout);
  if (record.ownNetwork) return;
  if (record.madeBridge) await removeInterface(record.bridge);
  if (record.bridge === 'docker0') await removeFirewall(record);
  rmSync(layout.record, { force: true });
}
