import { portsOverlap } from '../../../controller/plan/ports.js';
import { conflict, notFound, rejected, serverError } from './fake-engine-errors.js';
import {
  behaviourOf,
  deleteContainer,
  emitContainer,
  isRunning,
  type EngineCore,
  type FakeContainer,
} from './fake-engine-state.js';

const TERM_MS = 100;
const REMOVAL_MS = 20;
const FIRST_RESTART_MS = 100;
const LONGEST_RESTART_MS = 60_000;

/**
 * A container's life on the engine: what Docker does on a start, an end, a stop and a removal, and by itself in
 * between.
 */
export function startContainer(core: EngineCore, container: FakeContainer): void {
  const { name } = container;
  if (container.state === 'paused')
    throw conflict('startContainer', 'cannot start a paused container, try unpause instead');
  if (container.state === 'removing' || container.state === 'dead')
    throw conflict('startContainer', 'container is marked for removal and cannot be started');
  if (container.state === 'running') return;
  const refusal = refusalOf(core, container);
  if (refusal !== null) {
    container.error = refusal.message;
    container.exitCode = 128;
    throw refusal;
  }
  for (const network of container.networks.keys())
    container.networks.set(network, core.state.networks.get(network)?.id ?? '');
  Object.assign(container, {
    state: 'running',
    error: '',
    exitCode: 0,
    startedAt: core.clock.now(),
    stoppedByHand: false,
    run: container.run + 1,
  });
  emitContainer(core, container, 'start', { name });
  runByItself(core, container);
}

function refusalOf(core: EngineCore, container: FakeContainer): Error | null {
  const { state } = core;
  const { definition, id, name } = container;
  for (const network of container.networks.keys())
    if (!state.networks.has(network)) return notFound('startContainer', `network ${network} not found`);
  for (const { type, source } of container.mounts) {
    const path = `/var/lib/docker/volumes/${source}/_data`;
    if (type === 'volume' && state.volumes.get(source)?.directoryGone)
      return serverError(
        'startContainer',
        `error evaluating symlinks from mount source "${path}": lstat ${path}: no such file or directory`,
      );
  }
  for (const port of definition.ports) {
    const endpoint = `driver failed programming external connectivity on endpoint ${name} (${id})`;
    if (state.portsOfHost.has(port.hostPort))
      return serverError(
        'startContainer',
        `${endpoint}: Error starting userland proxy: listen tcp4 ${port.hostIP}:${port.hostPort}: bind: address already in use`,
      );
    const taken = [...state.containers.values()].some(
      (other) =>
        other !== container && isRunning(other) && other.definition.ports.some((held) => portsOverlap(held, port)),
    );
    if (taken)
      return serverError(
        'startContainer',
        `${endpoint}: Bind for ${port.hostIP}:${port.hostPort} failed: port is already allocated`,
      );
  }
  const { startError } = behaviourOf(state, definition.image);
  return startError === undefined ? null : rejected('startContainer', startError);
}

function runByItself(core: EngineCore, container: FakeContainer): void {
  const { exits, health = 'healthy' } = behaviourOf(core.state, container.definition.image);
  const { run } = container;
  const isSameRun = () => container.run === run && container.state === 'running';
  if (exits !== undefined)
    core.clock.after(exits.afterMs, () => isSameRun() && endContainer(core, container, exits.code));
  const check = container.definition.healthcheck;
  container.health = check === null ? 'none' : 'starting';
  if (check === null || health === 'silent') return;
  core.clock.after(check.intervalMs || 30_000, () => {
    if (!isSameRun()) return;
    container.health = health;
    emitContainer(core, container, `health_status: ${health}`);
  });
}

/** The main process is gone. A restart policy brings it back unless somebody wanted it so. */
export function endContainer(core: EngineCore, container: FakeContainer, code: number): void {
  if (!isRunning(container)) return;
  const ranMs = core.clock.now() - (container.startedAt ?? 0);
  Object.assign(container, {
    state: 'exited',
    health: 'none',
    exitCode: code,
    finishedAt: core.clock.now(),
    run: container.run + 1,
  });
  emitContainer(core, container, 'die', { exitCode: String(code) });
  tellEnd(container, 'ended');
  if (!core.up || container.stoppedByHand || !restarts(container)) return;
  container.restartCount = ranMs > 10_000 ? 1 : container.restartCount + 1;
  container.state = 'restarting';
  const { run } = container;
  core.clock.after(Math.min(LONGEST_RESTART_MS, FIRST_RESTART_MS * 2 ** (container.restartCount - 1)), () => {
    if (container.run !== run || container.state !== 'restarting') return;
    container.state = 'exited';
    attempt(() => startContainer(core, container));
  });
}

function tellEnd(container: FakeContainer, how: 'ended' | 'removed'): void {
  for (const tell of [...container.endings]) tell(how);
}

function restarts({ restartPolicy, exitCode }: FakeContainer): boolean {
  return (
    restartPolicy === 'always' ||
    restartPolicy === 'unless-stopped' ||
    (restartPolicy === 'on-failure' && exitCode !== 0)
  );
}

/** Ends it as `docker stop` does; gives how long that takes in ms. */
export function stopDuration(core: EngineCore, container: FakeContainer, graceSeconds: number): number {
  const deaf = container.state === 'paused' || behaviourOf(core.state, container.definition.image).ignoresTerm === true;
  return deaf ? graceSeconds * 1_000 : Math.min(TERM_MS, graceSeconds * 1_000);
}

export function stopContainer(core: EngineCore, container: FakeContainer, graceSeconds: number): void {
  container.stoppedByHand = true;
  if (container.state === 'restarting') Object.assign(container, { state: 'exited', run: container.run + 1 });
  const { run } = container;
  if (!isRunning(container)) return;
  const end = () => container.run === run && endContainer(core, container, 143);
  const ms = stopDuration(core, container, graceSeconds);
  if (ms === 0) end();
  else core.clock.after(ms, end);
}

export function killContainer(core: EngineCore, container: FakeContainer): void {
  container.stoppedByHand = true;
  endContainer(core, container, 137);
}

export function removeContainer(core: EngineCore, container: FakeContainer, force: boolean): void {
  const { id, state } = container;
  if (state === 'removing') throw conflict('removeContainer', `removal of container ${id} is already in progress`);
  if (!force && (isRunning(container) || state === 'restarting')) {
    throw conflict(
      'removeContainer',
      `You cannot remove a ${state} container ${id}. Stop the container before attempting removal or force remove`,
    );
  }
  tellEnd(container, 'removed');
  killContainer(core, container);
  container.run += 1;
  container.state = 'removing';
  const finish = () => {
    deleteContainer(core.state, container);
    emitContainer(core, container, 'destroy');
  };
  core.clock.after(REMOVAL_MS, finish);
}

export function removalMs(): number {
  return REMOVAL_MS;
}

/** After the engine's own restart: those whose policy says so come back; `always` also what was stopped by hand. */
export function restartByPolicy(core: EngineCore): void {
  for (const container of core.state.containers.values()) {
    if (isRunning(container) || container.state === 'removing' || container.state === 'dead') continue;
    if (!restarts(container) || (container.restartPolicy !== 'always' && container.stoppedByHand)) continue;
    attempt(() => startContainer(core, container));
  }
}

/** The engine's own starts tell their failure in the container's state alone. */
function attempt(start: () => void): void {
  try {
    start();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
}
