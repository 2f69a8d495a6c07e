import type { DockerPort, CallOptions } from '../docker/port.js';
import { containerName, LABEL, workspaceOfContainerName } from '../model/names.js';
import type { ObservedContainer, ObservedNetwork, ObservedVolume } from '../model/engine-objects.js';
import { createListed } from './listed.js';

/** The newest known state of the engine. It is a cache of answers: nothing in it outlives the next list. */
export interface EngineView {
  readonly containers: ReadonlyMap<string, ObservedContainer>;
  readonly volumes: ReadonlyMap<string, ObservedVolume>;
  readonly networks: ReadonlyMap<string, ObservedNetwork>;
  /** Containers of ours or of the replaced system, by workspace. */
  workspaceNames(): string[];
  /** Containers that carry the workspace's id or one of its names. */
  containersOf(workspace: string): ObservedContainer[];
  /** All of the engine: one list call a kind, and with `deep` an inspect of each container that carries a workspace's id. */
  relist(deep: boolean, options: CallOptions): Promise<void>;
  /** One workspace's containers, inspected. */
  refreshWorkspace(workspace: string, options: CallOptions): Promise<void>;
  /** Volumes and networks. */
  refreshShared(options: CallOptions): Promise<void>;
  /** Notes a volume that our own call made or removed, ahead of the next list. */
  noteVolume(name: string, volume: ObservedVolume | null): void;
  noteNetwork(network: ObservedNetwork): void;
}

const INSPECTS_AT_ONCE = 8;

export function createEngineView(docker: DockerPort): EngineView {
  let containers = new Map<string, ObservedContainer>();
  /** Ids by workspace: ten thousand workspaces are planned on every resync. */
  let idsOf = new Map<string, Set<string>>();
  const volumes = createListed<ObservedVolume>();
  const networks = createListed<ObservedNetwork>();
  /** Counts looks, so that an older answer never overwrites a newer one. */
  let looks = 0;
  const lookedAt = new Map<string, number>();

  return {
    get containers() {
      return containers;
    },
    get volumes() {
      return volumes.all;
    },
    get networks() {
      return networks.all;
    },
    workspaceNames() {
      const names = [...containers.values()].flatMap((container) => container.labels[LABEL.workspace] ?? []);
      return [...new Set(names)].sort();
    },
    containersOf(workspace) {
      return [...(idsOf.get(workspace) ?? [])].flatMap((id) => containers.get(id) ?? []);
    },
    async relist(deep, options) {
      const look = ++looks;
      const [listed] = await Promise.all([docker.listContainers({}, options), listShared(options)]);
      const found = deep ? await inspectAll(listed, options) : listed;
      const isOlder = (container: ObservedContainer) =>
        ownersOf(container).every((owner) => (lookedAt.get(owner) ?? 0) < look);
      // What was looked at while this list was under way is newer than the list.
      const newer = [...containers.values()].filter((container) => !isOlder(container));
      const fresh = [...found.filter(isOlder).map(withKnownDetails), ...newer];
      containers = new Map();
      idsOf = new Map();
      fresh.forEach(put);
    },
    async refreshWorkspace(workspace, options) {
      const look = ++looks;
      const listed = await docker.listContainers({ workspace }, options);
      const inspected = [...(await inspectAll(listed, options)), ...(await inspectForeign(workspace, options))];
      const named = inspected.some((container) => container.name === containerName(workspace))
        ? null
        : await docker.inspectContainer(containerName(workspace), options);
      if ((lookedAt.get(workspace) ?? 0) > look) return;
      lookedAt.set(workspace, look);
      for (const id of idsOf.get(workspace) ?? []) containers.delete(id);
      idsOf.delete(workspace);
      for (const container of named === null ? inspected : [...inspected, named]) put(container);
    },
    refreshShared: listShared,
    noteVolume: (name, volume) => volumes.note(name, volume),
    noteNetwork: (network) => networks.note(network.name, network),
  };

  function put(container: ObservedContainer): void {
    containers.set(container.id, container);
    for (const owner of ownersOf(container)) {
      const ids = idsOf.get(owner);
      if (ids === undefined) idsOf.set(owner, new Set([container.id]));
      else ids.add(container.id);
    }
  }

  async function listShared(options: CallOptions): Promise<void> {
    const [takeVolumes, takeNetworks] = [volumes.begin(), networks.begin()];
    const [volumeList, networkList] = await Promise.all([docker.listVolumes(options), docker.listNetworks(options)]);
    takeVolumes(volumeList);
    takeNetworks(networkList);
  }

  async function inspectAll(listed: readonly ObservedContainer[], options: CallOptions): Promise<ObservedContainer[]> {
    const result: ObservedContainer[] = [];
    for (let at = 0; at < listed.length; at += INSPECTS_AT_ONCE) {
      const batch = listed.slice(at, at + INSPECTS_AT_ONCE);
      const looked = await Promise.all(
        batch.map((one) => (isInspected(one) ? docker.inspectContainer(one.id, options) : one)),
      );
      result.push(...looked.filter((one) => one !== null));
    }
    return result;
  }

  /** Others that were seen under one of the workspace's names: a list by its label does not show them. */
  async function inspectForeign(workspace: string, options: CallOptions): Promise<ObservedContainer[]> {
    const foreign = [...(idsOf.get(workspace) ?? [])].filter(
      (id) => containers.get(id)?.labels[LABEL.workspace] !== workspace,
    );
    const looked = await Promise.all(foreign.map((id) => docker.inspectContainer(id, options)));
    return looked.filter((one) => one !== null).filter((one) => ownersOf(one).includes(workspace));
  }

  /** A list does not show limits: keep what an inspect of the same container in the same state showed (F15: no inspect when nothing changed). */
  function withKnownDetails(container: ObservedContainer): ObservedContainer {
    const known = containers.get(container.id);
    const same = known !== undefined && known.state === container.state;
    return container.details === null && same ? { ...container, details: known.details } : container;
  }
}

function isInspected(container: ObservedContainer): boolean {
  return container.labels[LABEL.workspace] !== undefined;
}

/** The workspaces a container concerns: by its label, and by its name, which a foreign container may hold. */
function ownersOf(container: ObservedContainer): string[] {
  const byLabel = container.labels[LABEL.workspace];
  const byName = workspaceOfContainerName(container.name);
  return [...new Set([byLabel, byName].filter((owner) => owner !== undefined))];
}
