import type { CallOptions, DockerPort } from '../../docker/port.js';
import type { ContainerDefinition, ContainerMount, ObservedContainer } from '../../model/engine-objects.js';
import {
  CACHE_MOUNT_PATH,
  CONTAINER_TYPE,
  LABEL,
  VOLUME_TYPE,
  cacheVolumeName,
  isScannerName,
  scannerName,
} from '../../model/names.js';
import { FailureError } from '../../model/reasons.js';
import { sharedVolumeLabels } from '../../model/shared-volume.js';
import { HELPER_CONTAINER, isConflict } from '../keeper/helper-container.js';
import { createKeeperExec } from '../keeper/keeper-exec.js';
import { ROOT_USER } from '../keeper/scripts.js';
import { SCAN_SCRIPT } from './gc-scripts.js';

/** F12: what the look at other users' processes needs, and nothing more. */
const CAPABILITIES: readonly string[] = ['SYS_PTRACE', 'DAC_READ_SEARCH'];
/** As many digits of a container's id as tell it apart. */
const ID_DIGITS = 32;

export interface Scanned {
  /** Store paths that a running process uses. */
  readonly paths: readonly string[];
  /** Processes that mount this cache and could not be read; one of no container has entered its mounts. */
  readonly unreadable: readonly {
    readonly pid: string;
    readonly containerId: string | null;
    readonly program: string;
  }[];
  /** Ids, of those asked for, without any process that can be seen. */
  readonly unseen: readonly string[];
}

export interface Scanner {
  /** `running`: ids of containers that mount the cache. */
  scan(running: readonly string[], options: CallOptions): Promise<Scanned>;
  remove(options: CallOptions): Promise<void>;
}

/**
 * Starts the container that looks at processes from the host's PID namespace (F4). Its name is there once an engine: it
 * is also what keeps two controllers from collecting one cache at once. It ends by itself after `lifeMs`.
 */
export async function startScanner(
  docker: DockerPort,
  cache: string,
  image: string,
  instance: string,
  lifeMs: number,
  options: CallOptions,
): Promise<Scanner> {
  const id = await create(docker, cache, scannerDefinition(cache, image, instance, lifeMs), instance, options);
  await docker.startContainer(id, options);
  const { told } = createKeeperExec(docker, id);
  return {
    async scan(running, callOptions) {
      const ids = new Map(running.map((full) => [full.slice(0, ID_DIGITS), full]));
      const lines = await told(
        SCAN_SCRIPT,
        ROOT_USER,
        { KALPANA_CONTAINERS: [...ids.keys()].join(' ') },
        'processes could not be looked at',
        callOptions,
      );
      const of = (kind: string) =>
        lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(kind.length + 1));
      return {
        paths: of('path'),
        unreadable: of('unreadable').map((line) => {
          const [pid = '', container = '', ...program] = line.split(' ');
          return { pid, containerId: container === '-' ? null : container, program: program.join(' ') };
        }),
        unseen: of('unseen').map((container) => ids.get(container) ?? container),
      };
    },
    remove: (callOptions) => docker.removeContainer(id, true, callOptions),
  };
}

/**
 * A helper of this instance that a killed controller left. The name counts too: an image may carry any label, and
 * passes it on to a workspace (trap engine-13).
 */
export function isLeftScanner({ name, labels }: ObservedContainer, instance: string): boolean {
  return isScannerName(name) && labels[LABEL.type] === CONTAINER_TYPE.scanner && labels[LABEL.cacheOwner] === instance;
}

/** Throws a `FailureError` while another controller collects this cache: its scanner tells, made or already running. */
export async function refuseBesideOthers(
  docker: DockerPort,
  cache: string,
  instance: string,
  options: CallOptions,
): Promise<ObservedContainer | null> {
  const there = await docker.inspectContainer(scannerName(cache), options);
  const isAlive = there?.state === 'running' || there?.state === 'created';
  if (isAlive && there.labels[LABEL.type] === CONTAINER_TYPE.scanner && !isLeftScanner(there, instance)) {
    throw new FailureError({
      reason: 'GcBusy',
      message:
        `the controller instance "${there.labels[LABEL.cacheOwner] ?? ''}" is collecting this cache now: ` +
        `it has the container ${there.name}`,
    });
  }
  return there;
}

async function create(
  docker: DockerPort,
  cache: string,
  definition: ContainerDefinition,
  instance: string,
  options: CallOptions,
): Promise<string> {
  const name = scannerName(cache);
  try {
    return await docker.createContainer(name, definition, options);
  } catch (error) {
    if (!isConflict(error)) throw error;
    const there = await refuseBesideOthers(docker, cache, instance, options);
    if (there !== null && there.labels[LABEL.type] !== CONTAINER_TYPE.scanner)
      throw new FailureError(
        { reason: 'GcBusy', message: `a container named ${name} exists and is no scanner of ours` },
        { cause: error },
      );
    // Not by its name: another one may have it by now.
    if (there !== null) await docker.removeContainer(there.id, true, options);
  }
  return docker.createContainer(name, definition, options).catch((error: unknown) => {
    if (!isConflict(error)) throw error;
    throw new FailureError(
      { reason: 'GcBusy', message: `another controller is collecting this cache now: it has the container ${name}` },
      { cause: error },
    );
  });
}

function scannerDefinition(cache: string, image: string, instance: string, lifeMs: number): ContainerDefinition {
  return {
    ...helper(cache, image, instance, []),
    entrypoint: ['/bin/sh', '-c', `sleep ${Math.ceil(lifeMs / 1_000)}`],
    privileges: { capabilities: CAPABILITIES, namespaces: false, hostPid: true },
  };
}

/** Shows the files in a data volume whose workspace has no container now; it never runs. */
export function volumeProbeDefinition(
  cache: string,
  image: string,
  instance: string,
  volume: string,
  mountPath: string,
): ContainerDefinition {
  return helper(cache, image, instance, [
    { type: 'volume', source: volume, target: mountPath, readOnly: true, noCopy: true },
  ]);
}

function helper(
  cache: string,
  image: string,
  instance: string,
  mounts: readonly ContainerMount[],
): ContainerDefinition {
  return {
    image,
    entrypoint: ['/bin/true'],
    command: [],
    user: ROOT_USER,
    hostname: 'scanner',
    env: [],
    labels: { [LABEL.managed]: 'true', [LABEL.type]: CONTAINER_TYPE.scanner, [LABEL.cacheOwner]: instance },
    mounts: [
      {
        type: 'volume',
        source: cacheVolumeName(cache),
        target: CACHE_MOUNT_PATH,
        readOnly: true,
        noCopy: true,
        labels: sharedVolumeLabels(VOLUME_TYPE.cache),
      },
      ...mounts,
    ],
    ...HELPER_CONTAINER,
  };
}
