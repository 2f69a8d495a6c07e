import type {
  ContainerDefinition,
  ContainerMount,
  HealthcheckDefinition,
  Limits,
  Privileges,
  PublishedPort,
} from '../model/engine-objects.js';

/** The body of `POST /containers/create`. The only place where a secret is revealed. */
export function createBody(definition: ContainerDefinition): object {
  return {
    Image: definition.image,
    ...(definition.entrypoint === undefined ? {} : { Entrypoint: definition.entrypoint }),
    ...(definition.command === null ? {} : { Cmd: definition.command }),
    ...(definition.user === undefined ? {} : { User: definition.user }),
    Hostname: definition.hostname,
    Env: definition.env.map(({ name, value }) => `${name}=${typeof value === 'string' ? value : value.reveal()}`),
    Labels: definition.labels,
    Tty: false,
    OpenStdin: false,
    ExposedPorts: Object.fromEntries(definition.ports.map((port) => [portKey(port), {}])),
    ...(definition.healthcheck === null ? {} : { Healthcheck: healthcheckBody(definition.healthcheck) }),
    HostConfig: {
      Init: true,
      NetworkMode: definition.network,
      Mounts: definition.mounts.map(mountBody),
      PortBindings: portBindings(definition.ports),
      RestartPolicy: { Name: definition.restartPolicy },
      ...(definition.shmBytes === 0 ? {} : { ShmSize: definition.shmBytes }),
      NanoCpus: definition.limits.nanoCpus,
      Memory: definition.limits.memoryBytes,
      // As much as `Memory`: no swap on top of it, which the engine would double it with.
      MemorySwap: definition.limits.memoryBytes,
      PidsLimit: definition.limits.pids,
      ...(definition.privileges === undefined ? {} : privilegesBody(definition.privileges)),
    },
  };
}

function privilegesBody({ capabilities, unconfined, hostPid }: Privileges): object {
  return {
    CapDrop: ['ALL'],
    CapAdd: capabilities,
    SecurityOpt: ['no-new-privileges', ...(unconfined ? ['seccomp=unconfined'] : [])],
    // Empty lists mask nothing; left out, the engine's own lists do.
    ...(unconfined ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
    // Both: an engine that remaps users refuses the host's processes otherwise.
    ...(hostPid === true ? { PidMode: 'host', UsernsMode: 'host' } : {}),
  };
}

/** `Mounts`, not `Binds`: a missing bind source is refused here, and made as an empty directory there. */
function mountBody(mount: ContainerMount): object {
  const common = { Type: mount.type, Source: mount.source, Target: mount.target, ReadOnly: mount.readOnly };
  if (mount.type !== 'volume') return common;
  return { ...common, VolumeOptions: { NoCopy: mount.noCopy === true, Labels: mount.labels ?? {} } };
}

function portKey(port: PublishedPort): string {
  return `${port.containerPort}/${port.protocol}`;
}

function portBindings(ports: readonly PublishedPort[]): object {
  const bindings: Record<string, object[]> = {};
  for (const port of ports)
    (bindings[portKey(port)] ??= []).push({ HostIp: port.hostIP, HostPort: String(port.hostPort) });
  return bindings;
}

const NANOSECONDS_PER_MS = 1_000_000;

function healthcheckBody(check: HealthcheckDefinition): object {
  return {
    Test: check.test,
    Interval: check.intervalMs * NANOSECONDS_PER_MS,
    Timeout: check.timeoutMs * NANOSECONDS_PER_MS,
    StartPeriod: check.startPeriodMs * NANOSECONDS_PER_MS,
    Retries: check.retries,
  };
}

/** `text` without the definition's secrets, if the engine ever quotes one. */
export function maskSecrets(text: string, definition: ContainerDefinition): string {
  return definition.env.reduce((masked, { value }) => (typeof value === 'string' ? masked : value.mask(masked)), text);
}

/**
 * `POST /containers/{id}/update` takes 0 for "leave as it is", so a limit is lifted in place by one that limits nothing:
 * 4 PiB, and all cores but one billionth. They are read back as 0. Tried on 20.10 with cgroup v1, on running and stopped
 * containers and over a restart; `CpuQuota: -1` works too, but lasts: no later limit survives the next start.
 */
export const LIFTED_MEMORY_BYTES = 2 ** 52;
const LIFTED_SWAP_BYTES = 2 ** 53; // Not -1: cgroup v1 then refuses the memory limit ("invalid argument").
const BILLION = 1_000_000_000;

export function liftedNanoCpus(hostCpus: number): number {
  return hostCpus * BILLION - 1;
}

export function isLiftedNanoCpus(nanoCpus: number): boolean {
  return nanoCpus % BILLION === BILLION - 1;
}

/** `hostCpus` matters only when a CPU limit is lifted. */
export function updateBody(wanted: Limits, current: Limits, restartPolicy: string, hostCpus: number): object {
  return {
    ...memoryBody(wanted.memoryBytes, current.memoryBytes),
    NanoCpus: wanted.nanoCpus === 0 && current.nanoCpus !== 0 ? liftedNanoCpus(hostCpus) : wanted.nanoCpus,
    PidsLimit: wanted.pids,
    RestartPolicy: { Name: restartPolicy },
  };
}

/** Always both: the engine refuses a `Memory` above the old `MemorySwap`. */
function memoryBody(wanted: number, current: number): object {
  if (wanted !== 0) return { Memory: wanted, MemorySwap: wanted };
  return current === 0 ? {} : { Memory: LIFTED_MEMORY_BYTES, MemorySwap: LIFTED_SWAP_BYTES };
}
