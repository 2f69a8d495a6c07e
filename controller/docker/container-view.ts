import type {
  ContainerDetails,
  ContainerState,
  Health,
  ObservedContainer,
  ObservedMount,
  PublishedPort,
} from '../model/engine-objects.js';
import { isLiftedNanoCpus, LIFTED_MEMORY_BYTES } from './container-body.js';
import {
  asArray,
  asArrayOrNull,
  asName,
  asNumber,
  asObject,
  asText,
  asTextMap,
  ShapeError,
  type JsonObject,
} from './shapes.js';

const STATES: readonly string[] = [
  'created',
  'running',
  'paused',
  'restarting',
  'removing',
  'exited',
  'dead',
] satisfies ContainerState[];

/** Reads an entry of `GET /containers/json`. */
export function fromListEntry(value: unknown): ObservedContainer {
  const entry = asObject(value, 'a container');
  const id = asName(entry['Id'], "a container's Id");
  return {
    id,
    name: ownName(id, asArrayOrNull(entry['Names'], 'Names')),
    image: asText(entry['Image'], 'Image'),
    imageId: asText(entry['ImageID'], 'ImageID'),
    labels: asTextMap(entry['Labels'], 'Labels'),
    state: stateOf(entry['State']),
    health: healthFromStatus(asText(entry['Status'], 'Status')),
    mounts: asArrayOrNull(entry['Mounts'], 'Mounts').map(mountFrom),
    networks: networksFrom(asObject(entry['NetworkSettings'], 'NetworkSettings')),
    ports: portsFromList(asArrayOrNull(entry['Ports'], 'Ports')),
    details: null,
  };
}

/** Reads the answer of `GET /containers/{id}/json`. */
export function fromInspect(value: unknown): ObservedContainer {
  const container = asObject(value, 'the container');
  const config = asObject(container['Config'], 'Config');
  const state = asObject(container['State'], 'State');
  const network = asObject(container['NetworkSettings'], 'NetworkSettings');
  return {
    id: asName(container['Id'], 'Id'),
    name: asName(container['Name'], 'Name').replace(/^\//, ''),
    image: asText(config['Image'], 'Config.Image'),
    imageId: asText(container['Image'], 'Image'),
    labels: asTextMap(config['Labels'], 'Config.Labels'),
    state: stateOf(state['Status']),
    health: healthFromState(state['Health']),
    mounts: asArrayOrNull(container['Mounts'], 'Mounts').map(mountFrom),
    networks: networksFrom(network),
    ports: portsFromInspect(network['Ports']),
    details: detailsFrom(container, state),
  };
}

function detailsFrom(container: JsonObject, state: JsonObject): ContainerDetails {
  const host = asObject(container['HostConfig'], 'HostConfig');
  const policy = asObject(host['RestartPolicy'] ?? {}, 'RestartPolicy')['Name'];
  const memoryBytes = asNumber(host['Memory'] ?? 0, 'Memory');
  const nanoCpus = asNumber(host['NanoCpus'] ?? 0, 'NanoCpus');
  return {
    startedAt: timeFrom(state['StartedAt']),
    finishedAt: timeFrom(state['FinishedAt']),
    exitCode: asNumber(state['ExitCode'], 'ExitCode'),
    oomKilled: state['OOMKilled'] === true,
    error: asText(state['Error'] ?? '', 'State.Error'),
    restartCount: asNumber(container['RestartCount'] ?? 0, 'RestartCount'),
    limits: {
      nanoCpus: isLiftedNanoCpus(nanoCpus) ? 0 : nanoCpus,
      memoryBytes: memoryBytes >= LIFTED_MEMORY_BYTES ? 0 : memoryBytes,
      pids: Math.max(0, asNumber(host['PidsLimit'] ?? 0, 'PidsLimit')),
    },
    restartPolicy: policy === undefined || policy === '' ? 'no' : asText(policy, 'RestartPolicy.Name'),
  };
}

/**
 * The container's own name. A container that others link to also has names such as `/other/alias`, and one that is
 * being removed may have no name left.
 */
function ownName(id: string, names: readonly unknown[]): string {
  const own = names.map((name) => asText(name, 'a name')).find((name) => name.lastIndexOf('/') <= 0);
  return own === undefined ? id.slice(0, 12) : own.replace(/^\//, '');
}

function stateOf(value: unknown): ContainerState {
  if (typeof value !== 'string' || !STATES.includes(value)) throw new ShapeError(`a container's state is unknown`);
  return value as ContainerState;
}

/** Reads the health from the column for people, `Up 2 minutes (healthy)`, because a list has no other field for it. */
function healthFromStatus(status: string): Health {
  if (status.endsWith('(healthy)')) return 'healthy';
  if (status.endsWith('(unhealthy)')) return 'unhealthy';
  return status.endsWith('(health: starting)') ? 'starting' : 'none';
}

function healthFromState(value: unknown): Health {
  if (value === null || value === undefined) return 'none';
  const status = asObject(value, 'Health')['Status'];
  return status === 'healthy' || status === 'unhealthy' || status === 'starting' ? status : 'none';
}

function mountFrom(value: unknown): ObservedMount {
  const mount = asObject(value, 'a mount');
  const type = asText(mount['Type'], "a mount's Type");
  const source =
    type === 'volume'
      ? asName(mount['Name'], "a volume mount's Name")
      : asText(mount['Source'] ?? '', "a mount's Source");
  return {
    type,
    source,
    target: asName(mount['Destination'], "a mount's Destination"),
    readOnly: mount['RW'] !== true,
  };
}

function networksFrom(settings: JsonObject): ObservedContainer['networks'] {
  return Object.entries(asObject(settings['Networks'] ?? {}, 'Networks'))
    .map(([name, network]) => ({ name, id: asText(asObject(network, 'a network')['NetworkID'] ?? '', 'NetworkID') }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function portsFromList(entries: readonly unknown[]): PublishedPort[] {
  const ports = entries.map((value) => {
    const entry = asObject(value, 'a port');
    return publishedPort(entry['PrivatePort'], entry['Type'], entry['IP'], entry['PublicPort'] ?? 0);
  });
  return distinctPorts(ports);
}

function portsFromInspect(value: unknown): PublishedPort[] {
  const ports = Object.entries(asObject(value ?? {}, 'Ports')).flatMap(([key, bindings]) => {
    const [port, protocol] = key.split('/');
    return asArrayOrNull(bindings, 'a port binding').map((item) => {
      const binding = asObject(item, 'a port binding');
      return publishedPort(Number(port), protocol, binding['HostIp'], Number(binding['HostPort']));
    });
  });
  return distinctPorts(ports);
}

function publishedPort(
  containerPort: unknown,
  protocol: unknown,
  hostIP: unknown,
  hostPort: unknown,
): PublishedPort | null {
  const port = asNumber(hostPort, 'a host port');
  // The port is only exposed, or has a protocol that we never publish (sctp).
  if (port === 0 || (protocol !== 'tcp' && protocol !== 'udp')) return null;
  return {
    containerPort: asNumber(containerPort, 'a container port'),
    protocol,
    hostIP: asText(hostIP ?? '', "a port's address"),
    hostPort: port,
  };
}

/** Merges duplicates: the engine lists a binding to all addresses twice, as `0.0.0.0` and as `::`. */
function distinctPorts(ports: readonly (PublishedPort | null)[]): PublishedPort[] {
  const found = new Map<string, PublishedPort>();
  for (const port of ports) {
    if (port === null) continue;
    const anywhere = port.hostIP === '::' || port.hostIP === '' ? '0.0.0.0' : port.hostIP;
    const key = `${port.containerPort}/${port.protocol} ${anywhere} ${port.hostPort}`;
    if (!found.has(key) || port.hostIP === '0.0.0.0') found.set(key, port);
  }
  return [...found.keys()].sort().map((key) => found.get(key)!);
}

/** Reads a time; Go's zero time stands for "never". */
function timeFrom(value: unknown): number | null {
  const text = asText(value ?? '', 'a time');
  if (text === '' || text.startsWith('0001-01-01T')) return null;
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new ShapeError('a time is not ISO 8601');
  return time;
}

/** Reads a list with `read` for each entry; `what` names the list in the error. */
export function listFrom<T>(value: unknown, what: string, read: (entry: unknown) => T): T[] {
  return asArray(value, what).map(read);
}
