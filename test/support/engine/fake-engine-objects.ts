import { EngineError } from '../../../controller/docker/port.js';
import { conflict, notFound, rejected } from './fake-engine-errors.js';
import { makeVolume, type Effects } from './fake-engine-containers.js';
import { forgetVolume } from './fake-engine-inside.js';
import { findContainer, isRunning, type EngineCore, type FakeContainer } from './fake-engine-state.js';

/** As the test images of a real engine have it. */
const IMAGE_PATH = '/bin';

/** Volumes, networks and images. */
export function objectEffects(
  core: EngineCore,
): Pick<
  Effects,
  | 'version'
  | 'listVolumes'
  | 'createVolume'
  | 'removeVolume'
  | 'listNetworks'
  | 'createNetwork'
  | 'connectNetwork'
  | 'disconnectNetwork'
  | 'inspectImage'
  | 'pullImage'
> {
  const { state } = core;

  function need(verb: string, idOrName: string): FakeContainer {
    const container = findContainer(state, idOrName);
    if (container === undefined) throw notFound(verb, `No such container: ${idOrName}`);
    return container;
  }

  function networkEvent(action: string, name: string, id: string, container?: string): void {
    core.emit({
      type: 'network',
      action,
      id,
      attributes: { name, type: 'bridge', ...(container === undefined ? {} : { container }) },
    });
  }

  return {
    version: () => ({ engine: 'fake', api: '1.41' }),
    listVolumes: () => [...state.volumes.values()].map(({ name, driver, labels }) => ({ name, driver, labels })),
    createVolume(name, labels) {
      makeVolume(core, name, labels);
      const there = state.volumes.get(name);
      return { name, driver: there?.driver ?? 'local', labels: there?.labels ?? {} };
    },
    removeVolume(name) {
      const users = [...state.containers.values()].filter((container) =>
        container.mounts.some((mount) => mount.type === 'volume' && mount.source === name),
      );
      if (users.length > 0)
        throw conflict('removeVolume', `remove ${name}: volume is in use - [${users.map(({ id }) => id).join(', ')}]`);
      forgetVolume(state, name);
      if (state.volumes.delete(name))
        core.emit({ type: 'volume', action: 'destroy', id: name, attributes: { driver: 'local' } });
    },
    listNetworks: () => [...state.networks].map(([name, { id, labels }]) => ({ id, name, labels })),
    createNetwork(name, labels) {
      if (state.networks.has(name)) return;
      const id = core.newId();
      state.networks.set(name, { id, labels });
      networkEvent('create', name, id);
    },
    connectNetwork(network, idOrName) {
      const found = state.networks.get(network);
      if (found === undefined) throw notFound('connectNetwork', `network ${network} not found`);
      const container = need('connectNetwork', idOrName);
      if (container.networks.get(network) === found.id) return;
      container.networks.set(network, isRunning(container) ? found.id : '');
      networkEvent('connect', network, found.id, container.id);
    },
    disconnectNetwork(network, idOrName) {
      const container = need('disconnectNetwork', idOrName);
      const id = container.networks.get(network);
      if (id !== undefined && container.networks.delete(network)) networkEvent('disconnect', network, id, container.id);
    },
    inspectImage: (reference) => (state.images.has(reference) ? { id: `sha256:${reference}`, path: IMAGE_PATH } : null),
    pullImage(reference, onProgress) {
      if (reference === '') throw rejected('pullImage', 'invalid reference format');
      if (!state.registry.has(reference)) {
        throw new EngineError(
          'pull-failed',
          'pullImage',
          `pull access denied for ${reference}, repository does not exist or may require 'docker login'`,
          404,
        );
      }
      onProgress({ image: reference, status: 'Download complete', currentBytes: 1, totalBytes: 1 });
      state.images.add(reference);
      core.emit({ type: 'image', action: 'pull', id: reference, attributes: { name: reference } });
    },
  };
}
