import { WORKSPACE_NETWORK } from '../../../controller/model/names.js';
import type { ContainerDefinition, Limits } from '../../../controller/model/engine-objects.js';
import type { Effects } from './fake-engine-containers.js';
import { endContainer, killContainer, removeContainer } from './fake-engine-lifecycle.js';
import { placeOf } from './fake-engine-inside.js';
import { emitContainer, findContainer, isRunning, type EngineCore, type FakeContainer } from './fake-engine-state.js';

/**
 * What people and their tools do on an engine. What makes no sense at the moment does nothing, as for a person who is
 * told so.
 */
export interface Hands {
  kill(name: string): void;
  /** The main process ends by itself. */
  exit(name: string, code: number): void;
  stop(name: string): void;
  start(name: string): void;
  pause(name: string): void;
  rename(name: string, to: string): void;
  /** `docker rm -f` */
  remove(name: string): void;
  disconnect(name: string): void;
  update(name: string, limits: Limits, restartPolicy: string): void;
  removeVolume(name: string): void;
  /** Removes the directory behind a volume. */
  damageVolume(name: string): void;
  repairVolume(name: string): void;
  createVolume(name: string, labels: Readonly<Record<string, string>>, driver?: string): void;
  /**
   * Puts a symbolic link at a path of a container, into the volume that holds the path if there is one; null takes it
   * away.
   */
  link(name: string, path: string, target: string | null): void;
  /** Takes everybody out of the workspaces' network, removes it, and makes one of the same name anew. */
  renewNetwork(): void;
  run(name: string, definition: ContainerDefinition): void;
}

export function createHands(core: EngineCore, effects: Effects): Hands {
  const { state } = core;

  function withContainer(name: string, act: (container: FakeContainer) => void): void {
    const container = findContainer(state, name);
    if (container !== undefined && core.up) tolerate(() => act(container));
  }

  return {
    kill: (name) => withContainer(name, (container) => killContainer(core, container)),
    exit: (name, code) => withContainer(name, (container) => endContainer(core, container, code)),
    stop: (name) => withContainer(name, () => effects.stopContainer(name, 0)),
    start: (name) => withContainer(name, () => effects.startContainer(name)),
    pause: (name) =>
      withContainer(name, (container) => {
        if (container.state !== 'running') return;
        container.state = 'paused';
        emitContainer(core, container, 'pause');
      }),
    rename: (name, to) => withContainer(name, () => effects.renameContainer(name, to)),
    remove: (name) => withContainer(name, (container) => removeContainer(core, container, true)),
    disconnect: (name) => withContainer(name, () => effects.disconnectNetwork(WORKSPACE_NETWORK, name)),
    update: (name, limits, restartPolicy) =>
      withContainer(name, () => effects.updateContainer(name, { limits, restartPolicy })),
    removeVolume: (name) => tolerate(() => effects.removeVolume(name)),
    damageVolume: (name) => setDirectoryGone(name, true),
    repairVolume: (name) => setDirectoryGone(name, false),
    createVolume(name, labels, driver = 'local') {
      if (!state.volumes.has(name)) state.volumes.set(name, { name, driver, labels, directoryGone: false });
    },
    link: (name, path, target) =>
      withContainer(name, (container) => {
        if (target === null) state.links.delete(placeOf(container, path));
        else state.links.set(placeOf(container, path), target);
      }),
    renewNetwork() {
      const old = state.networks.get(WORKSPACE_NETWORK);
      if (old === undefined) return;
      // The engine removes no network with active endpoints.
      for (const container of state.containers.values())
        if (isRunning(container)) effects.disconnectNetwork(WORKSPACE_NETWORK, container.id);
      state.networks.delete(WORKSPACE_NETWORK);
      core.emit({ type: 'network', action: 'destroy', id: old.id, attributes: { name: WORKSPACE_NETWORK } });
      effects.createNetwork(WORKSPACE_NETWORK, old.labels);
    },
    run: (name, definition) =>
      tolerate(() => {
        state.images.add(definition.image);
        if (!state.networks.has(definition.network)) effects.createNetwork(definition.network, {});
        effects.createContainer(name, definition);
        effects.startContainer(name);
      }),
  };

  function setDirectoryGone(name: string, gone: boolean): void {
    const volume = state.volumes.get(name);
    if (volume !== undefined) volume.directoryGone = gone;
  }
}

function tolerate(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
}

export function runningNames(core: Pick<EngineCore, 'state'>): string[] {
  return [...core.state.containers.values()]
    .filter(isRunning)
    .map(({ name }) => name)
    .sort();
}
