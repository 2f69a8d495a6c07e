import type { DockerPort } from '../../../controller/docker/port.js';
import type { ContainerDefinition, Limits, ObservedContainer } from '../../../controller/model/engine-objects.js';
import { conflict, notFound, rejected, serverError } from './fake-engine-errors.js';
import { removalMs, removeContainer, startContainer, stopContainer, stopDuration } from './fake-engine-lifecycle.js';
import { linkAt, placeOf } from './fake-engine-inside.js';
import {
  emitContainer,
  findContainer,
  insertContainer,
  isRunning,
  viewOf,
  type EngineCore,
  type FakeContainer,
} from './fake-engine-state.js';

/**
 * The port's verbs as what they do to the engine at one instant, without the way there and back; a command in a
 * container takes its time.
 */
export type Effects = {
  [Verb in Exclude<keyof DockerPort, 'events'>]: (
    ...args: Parameters<DockerPort[Verb]>
  ) => Verb extends 'exec' ? ReturnType<DockerPort[Verb]> : Awaited<ReturnType<DockerPort[Verb]>>;
};

type ContainerEffects = Pick<
  Effects,
  | 'listContainers'
  | 'inspectContainer'
  | 'createContainer'
  | 'startContainer'
  | 'stopContainer'
  | 'unpauseContainer'
  | 'renameContainer'
  | 'updateContainer'
  | 'removeContainer'
  | 'tailContainer'
  | 'statPath'
  | 'readLink'
>;

export function containerEffects(core: EngineCore): ContainerEffects {
  const { state } = core;

  function need(verb: string, idOrName: string): FakeContainer {
    const container = findContainer(state, idOrName);
    if (container === undefined) throw notFound(verb, `No such container: ${idOrName}`);
    return container;
  }

  return {
    listContainers(filter = {}) {
      if (filter.workspace === undefined)
        return [...state.containers.values()].map((container) => viewOf(container, false));
      return [...(state.idsOfWorkspace.get(filter.workspace) ?? [])].flatMap((id) => viewIn(core, id, false) ?? []);
    },
    inspectContainer: (idOrName) => viewIn(core, idOrName, true),
    createContainer: (name, definition) => createContainer(core, name, definition),
    startContainer: (idOrName) => startContainer(core, need('startContainer', idOrName)),
    stopContainer: (idOrName, graceSeconds) => stopContainer(core, need('stopContainer', idOrName), graceSeconds),
    unpauseContainer(idOrName) {
      const container = need('unpauseContainer', idOrName);
      if (container.state === 'running') return;
      if (container.state !== 'paused') throw conflict('unpauseContainer', `Container ${container.id} is not running`);
      container.state = 'running';
      emitContainer(core, container, 'unpause');
    },
    renameContainer(idOrName, name) {
      const container = need('renameContainer', idOrName);
      if (container.name === name) return;
      refuseTakenName(core, 'renameContainer', name);
      const oldName = container.name;
      state.idOfName.delete(oldName);
      state.idOfName.set(name, container.id);
      container.name = name;
      emitContainer(core, container, 'rename', { oldName: `/${oldName}` });
    },
    updateContainer(idOrName, { limits, restartPolicy }) {
      const container = need('updateContainer', idOrName);
      if (container.state === 'removing' || container.state === 'dead')
        throw conflict('updateContainer', 'Container is marked for removal and cannot be "update".');
      refuseCpus(core, 'updateContainer', limits);
      Object.assign(container, { limits, restartPolicy });
      emitContainer(core, container, 'update');
    },
    removeContainer(idOrName, force) {
      const container = findContainer(state, idOrName);
      if (container !== undefined) removeContainer(core, container, force);
    },
    tailContainer: (idOrName) => `the output of ${need('tailContainer', idOrName).name}`,
    statPath(idOrName, path) {
      const container = need('statPath', idOrName);
      refuseDamage(core, 'statPath', container);
      const link = state.links.get(placeOf(container, path));
      return link !== undefined || container.mounts.some((mount) => mount.target === path)
        ? { linkTarget: link ?? '' }
        : null;
    },
    readLink(idOrName, path) {
      const container = need('readLink', idOrName);
      refuseDamage(core, 'readLink', container);
      return linkAt(state, container, path);
    },
  };
}

/** How long the engine takes over a call beyond the way there and back. */
export function settleMs(core: EngineCore, verb: string, args: readonly unknown[]): number {
  const container = findContainer(core.state, String(args[0]));
  if (container === undefined) return 0;
  if (verb === 'removeContainer') return removalMs();
  return verb === 'stopContainer' && isRunning(container) ? stopDuration(core, container, Number(args[1])) : 0;
}

function viewIn(core: EngineCore, idOrName: string, withDetails: boolean): ObservedContainer | null {
  const container = findContainer(core.state, idOrName);
  return container === undefined ? null : viewOf(container, withDetails);
}

/** The engine shows nothing of a container while the directory behind any of its volumes is gone. */
function refuseDamage({ state }: EngineCore, verb: string, container: FakeContainer): void {
  for (const mount of container.mounts) {
    const directory = `/var/lib/docker/volumes/${mount.source}/_data`;
    const gone = mount.type === 'volume' && state.volumes.get(mount.source)?.directoryGone === true;
    if (gone)
      throw serverError(
        verb,
        `error evaluating symlinks from mount source "${directory}": lstat ${directory}: no such file or directory`,
      );
  }
}

function refuseTakenName(core: EngineCore, verb: string, name: string): void {
  const holder = core.state.idOfName.get(name);
  if (holder === undefined) return;
  throw conflict(
    verb,
    `Conflict. The container name "/${name}" is already in use by container "${holder}". You have to remove (or rename) that container to be able to reuse that name.`,
  );
}

function refuseCpus({ state }: EngineCore, verb: string, limits: Limits): void {
  const cpus = state.hostCpus;
  if (limits.nanoCpus > cpus * 1e9)
    throw rejected(verb, `Range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`);
}

function createContainer(core: EngineCore, name: string, definition: ContainerDefinition): string {
  const { state } = core;
  // By name, or by id as `inspectImage` gives it.
  if (!state.images.has(definition.image.replace(/^sha256:/, '')))
    throw notFound('createContainer', `No such image: ${definition.image}`);
  refuseCpus(core, 'createContainer', definition.limits);
  for (const { type, source } of definition.mounts) {
    const missing = type === 'bind' && state.missingPaths.has(source);
    if (missing)
      throw rejected(
        'createContainer',
        `invalid mount config for type "bind": bind source path does not exist: ${source}`,
      );
  }
  refuseTakenName(core, 'createContainer', name);
  // A volume that is missing is made on the way, without a label.
  for (const { type, source } of definition.mounts) if (type === 'volume') makeVolume(core, source, {});
  const container = newContainer(core, name, definition);
  insertContainer(state, container);
  emitContainer(core, container, 'create');
  return container.id;
}

function newContainer(core: EngineCore, name: string, definition: ContainerDefinition): FakeContainer {
  return {
    id: core.newId(),
    name,
    definition,
    imageId: `sha256:${definition.image}`,
    state: 'created',
    health: 'none',
    mounts: definition.mounts.map(({ type, source, target, readOnly }) => ({ type, source, target, readOnly })),
    networks: new Map([[definition.network, '']]),
    limits: definition.limits,
    restartPolicy: definition.restartPolicy,
    startedAt: null,
    finishedAt: null,
    exitCode: 0,
    error: '',
    restartCount: 0,
    stoppedByHand: false,
    run: 0,
    endings: new Set(),
  };
}

export function makeVolume({ state, emit }: EngineCore, name: string, labels: Readonly<Record<string, string>>): void {
  if (state.volumes.has(name)) return;
  state.volumes.set(name, { name, driver: 'local', labels, directoryGone: false });
  emit({ type: 'volume', action: 'create', id: name, attributes: { driver: 'local' } });
}
