import type { Secret } from './secret.js';

/** What the controller asks of an engine and sees on it, in types of our own: no vendor type leaves docker/. */

export interface ContainerMount {
  readonly type: 'volume' | 'bind';
  /** A volume's name or an absolute path on the engine's host. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** Volumes only: do not fill an empty volume with what the image holds at `target` (F14). */
  readonly noCopy?: boolean;
  /**
   * Volumes only: the labels it gets if the engine has to make it, which it does for a volume that vanished in between.
   */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface PublishedPort {
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp';
  readonly hostIP: string;
  readonly hostPort: number;
}

/** 0 stands for "no limit" everywhere, as on the engine. */
export interface Limits {
  /** Billionths of a core. */
  readonly nanoCpus: number;
  readonly memoryBytes: number;
  readonly pids: number;
}

export type RestartPolicy = 'no' | 'on-failure' | 'always' | 'unless-stopped';

export interface HealthcheckDefinition {
  readonly test: readonly string[];
  /** Milliseconds; 0 takes the engine's default. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly startPeriodMs: number;
  /** 0 takes the engine's default. */
  readonly retries: number;
}

export interface EnvVariable {
  readonly name: string;
  readonly value: string | Secret;
}

/** All the engine needs to create a container. Every container gets an init process. */
export interface ContainerDefinition {
  readonly image: string;
  /** Null takes the image's own command. */
  readonly command: readonly string[] | null;
  readonly hostname: string;
  readonly env: readonly EnvVariable[];
  readonly labels: Readonly<Record<string, string>>;
  readonly mounts: readonly ContainerMount[];
  readonly ports: readonly PublishedPort[];
  readonly network: string;
  /** Bytes; 0 takes the engine's default. */
  readonly shmBytes: number;
  readonly limits: Limits;
  readonly restartPolicy: RestartPolicy;
  readonly healthcheck: HealthcheckDefinition | null;
  /** Replaces the image's, and its command with it; `command` is what follows. */
  readonly entrypoint?: readonly string[];
  /** `uid:gid`; the image's user when left out. */
  readonly user?: string;
  readonly privileges?: Privileges;
}

/** For our own helper containers; a workspace has what the engine gives by default. */
export interface Privileges {
  /** All others are dropped. */
  readonly capabilities: readonly string[];
  /** No seccomp filter and no masked system paths, as sandboxed builds need (F11). */
  readonly unconfined: boolean;
  /**
   * Among the host's processes, as their users are known there (F4). The engine gives it no init process then: it is
   * not PID 1.
   */
  readonly hostPid?: boolean;
}

export interface ExecRequest {
  readonly command: readonly string[];
  /** `uid:gid`; the container's user when left out. */
  readonly user?: string;
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Each line of stdout and stderr as it comes, without its newline; a line is never cut (unless longer than 4 MiB).
   */
  readonly onLine: (line: string) => void;
  /**
   * Given: the command has a standard input, and may be silent for ever. Called once it runs, with what writes there;
   * its input ends with the call.
   */
  readonly onInput?: (write: (text: string) => void) => void;
}

export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
export type Health = 'none' | 'starting' | 'healthy' | 'unhealthy';

/** What only an inspect shows (`OOMKilled`, restart counts and limits: trap engine-6). */
export interface ContainerDetails {
  /** Milliseconds since the epoch on the engine's clock; null when it never happened. */
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
  /** A volume's name, or a bind's source path. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export interface ObservedContainer {
  readonly id: string;
  /** Without the leading slash. */
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: ContainerState;
  readonly health: Health;
  readonly mounts: readonly ObservedMount[];
  readonly networks: readonly { readonly name: string; readonly id: string }[];
  /** Host ports in use now: the engine lists them for running containers only. */
  readonly ports: readonly PublishedPort[];
  /** Null when this observation came from a list. */
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
  /** What the image sets PATH to; null when it does not. */
  readonly path: string | null;
}

/** Names an object to observe: what an event says of it is never believed (law 1). */
export interface EngineEvent {
  readonly type: 'container' | 'volume' | 'network' | 'image' | 'other';
  /** As the engine names it: `die`, `destroy`, `update`, `disconnect`, `health_status: healthy`, … */
  readonly action: string;
  /** The container's id, the volume's name, the network's id or the image's reference. */
  readonly id: string;
  /** The actor's attributes: a container's labels and `name`; a network event's `container`. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Seconds since the epoch on the engine's clock, with fraction: what `since` takes. */
  readonly time: number;
}

export interface PullProgress {
  readonly image: string;
  /** As the engine names it: `Downloading`, `Extracting`, … */
  readonly status: string;
  readonly currentBytes: number;
  readonly totalBytes: number;
}
