import type { DockerPort, CallOptions } from '../docker/port.js';
import { LABEL } from '../model/names.js';
import type { ObservedContainer, ObservedNetwork, ObservedVolume } from '../model/engine-objects.js';
import { createContainerIndex, workspacesOf } from './container-index.js';
import { inspectAll, inspectWorkspace, withKnownDetails } from './inspect.js';
import { createListed } from './listed.js';

/** The known state of the engine: the newest answers to our own requests. Each list replaces it. */
export interface EngineView {
  /** Containers by id. */
  readonly containers: ReadonlyMap<string, ObservedContainer>;
  /** Volumes by name. */
  readonly volumes: ReadonlyMap<string, ObservedVolume>;
  /** Networks by name. */
  readonly networks: ReadonlyMap<string, ObservedNetwork>;
  /** The workspaces whose id some container carries, either ours or one of the replaced system; sorted. */
  workspaceNames(): string[];
  /** The containers that carry the workspace's id or one of its names. */
  containersOf(workspace: string): readonly ObservedContainer[];
  /**
   * Lists each kind of object; with `deep`, also inspects each container that carries a workspace's id. Throws
   * `EngineError`.
   */
  relist(deep: boolean, options: CallOptions): Promise<void>;
  /** Inspects the containers of one workspace. Throws `EngineError`. */
  refreshWorkspace(workspace: string, options: CallOptions): Promise<void>;
  /** Lists volumes and networks. Throws `EngineError`. */
  refreshShared(options: CallOptions): Promise<void>;
  /** Records a volume that our own call made, or removed (null), before the next list shows it. */
  noteVolume(name: string, volume: ObservedVolume | null): void;
  /** Records a network that our own call made, before the next list shows it. */
  noteNetwork(network: ObservedNetwork): void;
}

/** Creates a view of the engine behind `docker`; it is empty before the first list. */
export function createEngineView(docker: DockerPort): EngineView {
  let index = createContainerIndex();
  const volumes = createListed<ObservedVolume>();
  const networks = createListed<ObservedNetwork>();
  /** The number of the newest request. An older answer never overwrites a newer one. */
  let requests = 0;
  /** For each workspace, the number of the request that showed it last. */
  const shownBy = new Map<string, number>();

  async function refreshShared(options: CallOptions): Promise<void> {
    const [takeVolumes, takeNetworks] = [volumes.begin(), networks.begin()];
    const [volumeList, networkList] = await Promise.all([docker.listVolumes(options), docker.listNetworks(options)]);
    takeVolumes(volumeList);
    takeNetworks(networkList);
  }

  return {
    get containers() {
      return index.all;
    },
    get volumes() {
      return volumes.all;
    },
    get networks() {
      return networks.all;
    },
    workspaceNames() {
      const names = [...index.all.values()].flatMap((container) => container.labels[LABEL.workspace] ?? []);
      return [...new Set(names)].sort();
    },
    containersOf: (workspace) => index.of(workspace),
    async relist(deep, options) {
      const request = ++requests;
      const [listed] = await Promise.all([docker.listContainers({}, options), refreshShared(options)]);
      const found = deep ? await inspectAll(docker, listed, options) : listed;
      const isOlder = (container: ObservedContainer) =>
        workspacesOf(container).every((workspace) => (shownBy.get(workspace) ?? 0) < request);
      // A container that was inspected while this list was under way is newer than the list.
      const newer = [...index.all.values()].filter((container) => !isOlder(container));
      const known = index.all;
      const fresh = found.filter(isOlder).map((container) => withKnownDetails(container, known.get(container.id)));
      index = createContainerIndex([...fresh, ...newer]);
    },
    async refreshWorkspace(workspace, options) {
      const request = ++requests;
      const containers = await inspectWorkspace(docker, workspace, () => index.of(workspace), options);
      if ((shownBy.get(workspace) ?? 0) > request) return;
      shownBy.set(workspace, request);
      index.removeOf(workspace);
      containers.forEach(index.put);
    },
    refreshShared,
    noteVolume: (name, volume) => volumes.note(name, volume),
    noteNetwork: (network) => networks.note(network.name, network),
  };
}
