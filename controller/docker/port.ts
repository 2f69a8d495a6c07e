import type {
  ContainerDefinition,
  EngineEvent,
  ExecRequest,
  Limits,
  ObservedContainer,
  ObservedImage,
  ObservedNetwork,
  ObservedVolume,
  PullProgress,
} from '../model/engine-objects.js';

/**
 * Every call ends at its deadline (the adapter has one for each verb; `deadlineMs` overrides it), or when `signal`
 * aborts.
 */
export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
}

export type EngineFailureKind =
  | 'unreachable' // no connection, or it was lost in the middle of an answer
  | 'timeout' // our deadline passed
  | 'aborted' // our signal
  | 'malformed' // an answer that is not what the API says: truncated JSON, another shape
  | 'not-found' // 404
  | 'conflict' // 409
  | 'rejected' // any other 4xx: the request itself is wrong
  | 'server' // 5xx
  | 'pull-failed'; // an error line inside a pull's 200

/** The only error the port throws. `message` holds the engine's own words and never a secret. */
export class EngineError extends Error {
  override readonly name = 'EngineError';

  constructor(
    readonly kind: EngineFailureKind,
    /** The port's verb, e.g. `createContainer`. */
    readonly verb: string,
    message: string,
    /** The HTTP status where there was one. */
    readonly status: number | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * A Docker engine in few verbs. For every verb:
 * - "already so" (304, already started, already gone on a removal) is success;
 * - an inspect of what is absent gives null, any other failure throws `EngineError`;
 * - a list that could not be read whole throws: unknown is not absent (law 2).
 * After a failed `createContainer` the container may exist all the same (the answer can be lost): look before retrying.
 */
export interface DockerPort {
  /** Reaches the engine; gives its version and the API version spoken to it. */
  version(options?: CallOptions): Promise<{ readonly engine: string; readonly api: string }>;

  /**
   * All containers in any state, ours or not; `workspace` selects those with that `kalpana.workspace.id`. Their
   * `details` are null.
   */
  listContainers(filter?: { readonly workspace?: string }, options?: CallOptions): Promise<ObservedContainer[]>;
  /** The container with its `details`. */
  inspectContainer(idOrName: string, options?: CallOptions): Promise<ObservedContainer | null>;
  /** Gives the new container's id. A taken name is a `conflict`, a missing image `not-found`. */
  createContainer(name: string, definition: ContainerDefinition, options?: CallOptions): Promise<string>;
  startContainer(idOrName: string, options?: CallOptions): Promise<void>;
  /** SIGTERM, then SIGKILL after `graceSeconds`; the deadline is stretched by the grace. */
  stopContainer(idOrName: string, graceSeconds: number, options?: CallOptions): Promise<void>;
  unpauseContainer(idOrName: string, options?: CallOptions): Promise<void>;
  renameContainer(idOrName: string, name: string, options?: CallOptions): Promise<void>;
  updateContainer(
    idOrName: string,
    change: { readonly limits: Limits; readonly restartPolicy: string },
    options?: CallOptions,
  ): Promise<void>;
  /** Removes a container that does not run, and its anonymous volumes; `force` kills it first. */
  removeContainer(idOrName: string, force: boolean, options?: CallOptions): Promise<void>;
  /** The last lines of both streams, oldest first, without control characters. */
  tailContainer(idOrName: string, lines: number, options?: CallOptions): Promise<string>;
  /**
   * What stands at `path` in a container, running or stopped, through its volumes (F6); null when nothing does.
   * `linkTarget` is empty for anything but a link.
   */
  statPath(idOrName: string, path: string, options?: CallOptions): Promise<{ readonly linkTarget: string } | null>;
  /**
   * The target of a symbolic link as it was written (`statPath` gives where it leads in the end), in a container in any
   * state, through its volumes, whether or not the target exists; links on the way to it are followed.
   * - Null when there is no link at `path`: nothing, something else, or no directory on the way. A missing container is
   *   `not-found`.
   * - A link that the engine cannot follow (a loop, a way through a file) is looked for in its directory, contents and
   *   all: behind 256 MiB of other contents it counts as no link. A path longer than the engine can walk is a `server`
   *   failure.
   * - Bytes in a target that are not UTF-8 come as U+FFFD.
   */
  readLink(idOrName: string, path: string, options?: CallOptions): Promise<string | null>;

  /**
   * Runs a command in a running container and waits for its end; `deadlineMs` bounds the silence of its output (10
   * minutes).
   * - A container that does not run, or is paused, is a `conflict`; a missing one `not-found`.
   * - A command that cannot be started has the exit code 126 or 127, and the runtime's words as a line.
   * - A container killed or stopped under the command gives 137, as the command's own end by SIGKILL does; one that is
   *   removed gives that too, or a `conflict` when the engine has forgotten the command with it.
   * - A lost connection is `unreachable`, never an exit code. After this, a timeout or an abort (which ends the call at
   *   once) the process in the container may go on: the engine can end an exec only with its container. Lines come in
   *   order within a stream, not between the two; `onLine` must not throw. With `onInput` there is no deadline once the
   *   command runs: what is written may be lost with the connection, and only output of the command proves that it
   *   arrived.
   */
  exec(idOrName: string, request: ExecRequest, options?: CallOptions): Promise<{ readonly exitCode: number }>;
  /**
   * The names of the first entries, at most `limit`, directly below a directory of a container in any state, through
   * its volumes. None for anything but a directory, such as a link to one; null when nothing stands at `path`. The
   * engine walks the whole tree below the first ones and sends their contents: ask for few of a large one. The deadline
   * bounds the silence.
   */
  pathEntries(idOrName: string, path: string, limit: number, options?: CallOptions): Promise<readonly string[] | null>;
  /**
   * Copies what stands at a path, under its own name, into a directory of another container, both in any state; what is
   * there is kept, or replaced file by file. Ids, owners and times stay. The deadline bounds the silence. After a
   * failure a part of it may be there. The engine locks both containers meanwhile (seen with 20.10.24): their inspects,
   * commands, starts and stops wait; a list does not.
   */
  copyPath(
    from: { readonly container: string; readonly path: string },
    to: { readonly container: string; readonly directory: string },
    options?: CallOptions,
  ): Promise<void>;
  /**
   * Makes directories in a directory of a container in any state, each within the one before it (`a`, `a/b`). They
   * belong to root and everybody may write there, as in /tmp. An existing one, or a link to one, stays as it is.
   */
  putDirectories(idOrName: string, directory: string, names: readonly string[], options?: CallOptions): Promise<void>;

  listVolumes(options?: CallOptions): Promise<ObservedVolume[]>;
  /**
   * Creates a volume and gives what is there afterwards: an existing volume keeps its labels (F13), so check the
   * answer.
   */
  createVolume(name: string, labels: Readonly<Record<string, string>>, options?: CallOptions): Promise<ObservedVolume>;
  /** A volume in use is a `conflict`. */
  removeVolume(name: string, options?: CallOptions): Promise<void>;

  listNetworks(options?: CallOptions): Promise<ObservedNetwork[]>;
  /** A bridge network with inter-container traffic off. */
  createNetwork(name: string, labels: Readonly<Record<string, string>>, options?: CallOptions): Promise<void>;
  connectNetwork(network: string, containerIdOrName: string, options?: CallOptions): Promise<void>;
  /** Disconnects by force, so that the endpoint of a network that is gone is removed as well. */
  disconnectNetwork(network: string, containerIdOrName: string, options?: CallOptions): Promise<void>;

  inspectImage(reference: string, options?: CallOptions): Promise<ObservedImage | null>;
  /** Throws `pull-failed` with the registry's own words. The deadline bounds the silence, not the whole pull. */
  pullImage(reference: string, onProgress: (progress: PullProgress) => void, options?: CallOptions): Promise<void>;

  /**
   * Events from `since` (seconds since the epoch, by the engine's clock) or from now on. Ends when the stream does, by
   * return or by throwing `EngineError`; nothing reconnects here. `onOpen` is called once the engine has accepted the
   * subscription: list after it.
   */
  events(
    request: { readonly since?: number; readonly onOpen?: () => void },
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<EngineEvent>;
}
