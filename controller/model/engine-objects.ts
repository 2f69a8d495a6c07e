import type { Secret } from './secret.js';

/** What the controller requests of an engine and observes on it, in types of our own: no vendor type leaves docker/. */

export interface ContainerMount {
  readonly type: 'volume' | 'bind';
  /** The name of a volume, or an absolute path on the engine's host. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** For volumes only: do not fill an empty volume with the image's files at `target` (F14). */
  readonly noCopy?: boolean;
  /**
   * For volumes only: the labels that the volume gets if the engine has to create it, which it does when the volume has
   * disappeared meanwhile.
   */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A file system in memory; what is in it counts towards the container's memory, and goes when the container stops. */
export interface TmpfsMount {
  readonly target: string;
  readonly sizeBytes: number;
  /** The mode of its root, as in `chmod`: `1777`. */
  readonly mode: string;
  /** The group that its root belongs to; root's own when omitted. */
  readonly gid?: number;
}

export interface PublishedPort {
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp';
  readonly hostIP: string;
  readonly hostPort: number;
}

/** In all fields, 0 means "no limit", as on the engine. */
export interface Limits {
  /** In billionths of a core. */
  readonly nanoCpus: number;
  readonly memoryBytes: number;
  readonly pids: number;
}

export type RestartPolicy = 'no' | 'on-failure' | 'always' | 'unless-stopped';

export interface HealthcheckDefinition {
  readonly test: readonly string[];
  /** In ms; 0 means the engine's default. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly startPeriodMs: number;
  /** 0 means the engine's default. */
  readonly retries: number;
}

export interface EnvVariable {
  readonly name: string;
  readonly value: string | Secret;
}

/** Everything the engine needs to create a container. Every container gets an init process. */
export interface ContainerDefinition {
  readonly image: string;
  /** Null for the image's own command. */
  readonly command: readonly string[] | null;
  readonly hostname: string;
  readonly env: readonly EnvVariable[];
  readonly labels: Readonly<Record<string, string>>;
  readonly mounts: readonly ContainerMount[];
  readonly ports: readonly PublishedPort[];
  readonly network: string;
  /** In bytes; 0 means the engine's default. */
  readonly shmBytes: number;
  readonly limits: Limits;
  /** The part of the host's memory that is the limit when `limits` has none, e.g. 0.75. */
  readonly memoryShare?: number;
  readonly tmpfs?: readonly TmpfsMount[];
  readonly restartPolicy: RestartPolicy;
  readonly healthcheck: HealthcheckDefinition | null;
  /** Replaces the image's entrypoint and command; `command` then contains the arguments. */
  readonly entrypoint?: readonly string[];
  /** The form is `uid:gid`; the image's user when omitted. */
  readonly user?: string;
  readonly privileges?: Privileges;
  /** Paths that are empty in the container and cannot be opened, beside those that the engine masks by itself. */
  readonly maskedPaths?: readonly string[];
}

/** The privileges of our own helper containers; a workspace has the engine's defaults. */
export interface Privileges {
  /** The capabilities to keep; all others are dropped. */
  readonly capabilities: readonly string[];
  /**
   * Whether its processes may make namespaces, and mount in those, without a capability for it. The kernel lets a
   * process mount its own `/proc` only where the container's is not masked (F19).
   */
  readonly namespaces: boolean;
  /**
   * Whether the container shares the host's PID and user namespaces (F4). The engine then gives it no init process,
   * because its process is not PID 1.
   */
  readonly hostPid?: boolean;
}

export interface ExecRequest {
  readonly command: readonly string[];
  /** The form is `uid:gid`; the container's user when omitted. */
  readonly user?: string;
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Called with each line of stdout and stderr as it arrives, without its newline. A line is never cut unless it is
   * longer than 4 MiB.
   */
  readonly onLine: (line: string) => void;
  /**
   * When given, the command has a standard input and may be silent forever. It is called once the command runs, with a
   * function that writes to the input; the input ends with the call.
   */
  readonly onInput?: (write: (text: string) => void) => void;
}

export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
export type Health = 'none' | 'starting' | 'healthy' | 'unhealthy';

/** What only an inspect shows (`OOMKilled`, restart counts and limits: trap engine-6). */
export interface ContainerDetails {
  /** In ms since the epoch on the engine's clock; null when it never happened. */
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  /** The engine's message about the last failed start; empty when there was none. */
  readonly error: string;
  readonly restartCount: number;
  readonly limits: Limits;
  readonly restartPolicy: string;
}

export interface ObservedMount {
  readonly type: string;
  /** The name of a volume, or the source path of a bind. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export interface ObservedContainer {
  readonly id: string;
  /** The name without the leading slash. */
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: ContainerState;
  readonly health: Health;
  readonly mounts: readonly ObservedMount[];
  readonly networks: readonly { readonly name: string; readonly id: string }[];
  /** Host ports in use now; the engine lists them only for running containers. */
  readonly ports: readonly PublishedPort[];
  /** Null when this observation comes from a list. */
  readonly details: ContainerDetails | null;
}

export interface ObservedVolume {
  readonly name: string;
  readonly driver: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ObservedNetwork {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ObservedImage {
  readonly id: string;
  /** The value to which the image sets PATH; null when it does not set it. */
  readonly path: string | null;
}

/** Names an object to observe. What an event says about the object itself is never used (law 1). */
export interface EngineEvent {
  readonly type: 'container' | 'volume' | 'network' | 'image' | 'other';
  /** The engine's own name: `die`, `destroy`, `update`, `disconnect`, `health_status: healthy`, … */
  readonly action: string;
  /** The id of a container, the name of a volume, the id of a network or the reference of an image. */
  readonly id: string;
  /** The attributes of the actor: a container's labels and `name`; a network event's `container`. */
  readonly attributes: Readonly<Record<string, string>>;
  /** In seconds since the epoch on the engine's clock, with a fraction, in the form that `since` accepts. */
  readonly time: number;
}

export interface PullProgress {
  readonly image: string;
  /** The engine's own name: `Downloading`, `Extracting`, … */
  readonly status: string;
  readonly currentBytes: number;
  readonly totalBytes: number;
}
