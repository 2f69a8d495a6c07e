import type {
  ContainerDefinition,
  ContainerMount,
  HealthcheckDefinition,
  Limits,
  Privileges,
  PublishedPort,
  TmpfsMount,
} from '../model/engine-objects.js';
import { NAMESPACES_PROFILE } from './seccomp-profile.js';

/**
 * Builds the body of `POST /containers/create`. In this room, secrets are revealed only here. `memoryBytes` is the
 * limit, in case it depends on the host.
 */
export function createBody(definition: ContainerDefinition, memoryBytes = definition.limits.memoryBytes): object {
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
      ...(definition.tmpfs === undefined ? {} : { Tmpfs: tmpfsBody(definition.tmpfs) }),
      PortBindings: portBindings(definition.ports),
      RestartPolicy: { Name: definition.restartPolicy },
      ...(definition.shmBytes === 0 ? {} : { ShmSize: definition.shmBytes }),
      NanoCpus: definition.limits.nanoCpus,
      Memory: memoryBytes,
      // The same value as `Memory` leaves no swap; by default the engine allows as much swap again.
      MemorySwap: memoryBytes,
      PidsLimit: definition.limits.pids,
      ...(definition.privileges === undefined ? {} : privilegesBody(definition.privileges)),
      ...(definition.maskedPaths === undefined ? {} : { MaskedPaths: [...ENGINE_MASKS, ...definition.maskedPaths] }),
    },
  };
}

/** What engines mask by themselves, 20.10 to 28.5: a list of ours takes the place of theirs. */
const ENGINE_MASKS = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];

function privilegesBody({ capabilities, namespaces, hostPid }: Privileges): object {
  return {
    CapDrop: ['ALL'],
    CapAdd: capabilities,
    // AppArmor's profile of the engine's permits no mount, whoever owns the namespace.
    SecurityOpt: ['no-new-privileges', ...(namespaces ? [`seccomp=${NAMESPACES_PROFILE}`, 'apparmor=unconfined'] : [])],
    // With empty lists nothing is masked; without them the engine uses its own lists.
    ...(namespaces ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
    // Both are needed, because an engine that remaps users otherwise refuses the host's PID namespace.
    ...(hostPid === true ? { PidMode: 'host', UsernsMode: 'host' } : {}),
  };
}

/**
 * An entry of `Mounts` and not of `Binds`: for a missing source, the engine refuses the former and creates a directory
 * for the latter.
 */
function mountBody(mount: ContainerMount): object {
  const common = { Type: mount.type, Source: mount.source, Target: mount.target, ReadOnly: mount.readOnly };
  if (mount.type !== 'volume') return common;
  return { ...common, VolumeOptions: { NoCopy: mount.noCopy === true, Labels: mount.labels ?? {} } };
}

function tmpfsBody(mounts: readonly TmpfsMount[]): object {
  return Object.fromEntries(
    mounts.map(({ target, sizeBytes, mode, gid }) => [
      target,
      [`size=${sizeBytes}`, `mode=${mode}`, ...(gid === undefined ? [] : [`gid=${gid}`])].join(','),
    ]),
  );
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

/** Replaces the definition's secrets in `text`, in case the engine quotes one. */
export function maskSecrets(text: string, definition: ContainerDefinition): string {
  return definition.env.reduce((masked, { value }) => (typeof value === 'string' ? masked : value.mask(masked)), text);
}

/**
 * `POST /containers/{id}/update` takes 0 for "leave as it is". A limit is therefore removed in place by one that limits
 * nothing: 4 PiB, and all cores but one billionth. When read back, these count as 0. Tried on 20.10 with cgroup v1, on
 * running and stopped containers and across a restart. `CpuQuota: -1` works too, but persists: no later limit survives
 * the next start.
 */
export const LIFTED_MEMORY_BYTES = 2 ** 52;
// -1 does not work: cgroup v1 then refuses the memory limit ("invalid argument").
const LIFTED_SWAP_BYTES = 2 ** 53;
const BILLION = 1_000_000_000;

/** The CPU limit that stands for no limit, in billionths of a core: all of the host's cores but one billionth. */
export function liftedNanoCpus(hostCpus: number): number {
  return hostCpus * BILLION - 1;
}

/** Whether a limit that was read back is one from `liftedNanoCpus`. */
export function isLiftedNanoCpus(nanoCpus: number): boolean {
  return nanoCpus % BILLION === BILLION - 1;
}

/**
 * Builds the body of `POST /containers/ID/update`. `hostCpus`, a number of cores, matters only when a CPU limit is
 * removed.
 */
export function updateBody(wanted: Limits, current: Limits, restartPolicy: string, hostCpus: number): object {
  return {
    ...memoryBody(wanted.memoryBytes, current.memoryBytes),
    NanoCpus: wanted.nanoCpus === 0 && current.nanoCpus !== 0 ? liftedNanoCpus(hostCpus) : wanted.nanoCpus,
    PidsLimit: wanted.pids,
    RestartPolicy: { Name: restartPolicy },
  };
}

/**
 * Builds the memory part. `Memory` and `MemorySwap` change together, because the engine refuses a `Memory` above the
 * old `MemorySwap`.
 */
function memoryBody(wanted: number, current: number): object {
  if (wanted !== 0) return { Memory: wanted, MemorySwap: wanted };
  return current === 0 ? {} : { Memory: LIFTED_MEMORY_BYTES, MemorySwap: LIFTED_SWAP_BYTES };
}
