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
 * Every call ends at its deadline, which `deadlineMs` sets in place of the adapter's own for each verb, or when
 * `signal` aborts.
 */
export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
}

export type EngineFailureKind =
  | 'unreachable' // no connection, or the connection was lost in the middle of an answer
  | 'timeout' // our deadline passed
  | 'aborted' // our signal aborted the call
  | 'malformed' // an answer that does not follow the API: truncated JSON, another shape
  | 'not-found' // 404
  | 'conflict' // 409
  | 'rejected' // any other 4xx: the request itself is wrong
  | 'server' // 5xx
  | 'pull-failed'; // an error line in the answer to a pull, whose status is 200

/** The only error that the port throws. `message` contains the engine's own message and never a secret. */
export class EngineError extends Error {
  override readonly name = 'EngineError';

  constructor(
    readonly kind: EngineFailureKind,
    /** The verb of the port, e.g. `createContainer`. */
    readonly verb: string,
    message: string,
    /** The HTTP status, or null when there was none. */
    readonly status: number | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * The operations on a Docker engine, as few verbs. The following holds for every verb:
 * - a request whose effect is already there (304, already started, already gone for a removal) succeeds;
 * - an inspect of an absent object returns null, and any other failure throws `EngineError`;
 * - a list that could not be read completely throws, because unknown is not absent (law 2).
 * After a failed `createContainer` the container may exist nevertheless, because the answer can be lost; look before
 * retrying.
 */
export interface DockerPort {
  /** Contacts the engine and returns its version and the API version in use. */
  version(options?: CallOptions): Promise<{ readonly engine: string; readonly api: string }>;

  /**
   * Lists all containers in any state, ours or not; `workspace` selects those with that `kalpana.workspace.id`. Their
   * `details` are null.
   */
  listContainers(filter?: { readonly workspace?: string }, options?: CallOptions): Promise<ObservedContainer[]>;
  /** Returns the container with its `details`. */
  inspectContainer(idOrName: string, options?: CallOptions): Promise<ObservedContainer | null>;
  /** Creates a container and returns its id. A name in use is a `conflict`, a missing image is `not-found`. */
  createContainer(name: string, definition: ContainerDefinition, options?: CallOptions): Promise<string>;
  startContainer(idOrName: string, options?: CallOptions): Promise<void>;
  /** Sends SIGTERM, and SIGKILL after `graceSeconds`; the deadline is extended by the grace period. */
  stopContainer(idOrName: string, graceSeconds: number, options?: CallOptions): Promise<void>;
  unpauseContainer(idOrName: string, options?: CallOptions): Promise<void>;
  renameContainer(idOrName: string, name: string, options?: CallOptions): Promise<void>;
  updateContainer(
    idOrName: string,
    change: { readonly limits: Limits; readonly restartPolicy: string },
    options?: CallOptions,
  ): Promise<void>;
  /** Removes a container that does not run, together with its anonymous volumes; `force` kills it first. */
  removeContainer(idOrName: string, force: boolean, options?: CallOptions): Promise<void>;
  /** Returns the last lines of both streams, oldest first, without control characters. */
  tailContainer(idOrName: string, lines: number, options?: CallOptions): Promise<string>;
  /**
   * Describes what exists at `path` in a container, running or stopped, through its volumes (F6); null when nothing
   * does. `linkTarget` is empty unless it is a link.
   */
  statPath(idOrName: string, path: string, options?: CallOptions): Promise<{ readonly linkTarget: string } | null>;
  /**
   * Reads the target of a symbolic link as it was written (`statPath` returns where it finally leads), in a container
   * in any state, through its volumes, whether or not the target exists. Links on the way to it are followed.
   * - Returns null when there is no link at `path`: nothing, something else, or no directory on the way. A missing
   *   container is `not-found`.
   * - A link that the engine cannot follow (a loop, a path through a file) is searched in its directory, which is
   *   transferred with its contents. A link behind 256 MiB of other contents counts as absent. A path longer than the
   *   engine can follow is a `server` failure.
   * - Bytes in a target that are not UTF-8 are replaced by U+FFFD.
   */
  readLink(idOrName: string, path: string, options?: CallOptions): Promise<string | null>;

  /**
   * Runs a command in a running container and waits for its end; `deadlineMs` limits the silence of its output (10
   * minutes).
   * - A container that does not run, or is paused, is a `conflict`; a missing one is `not-found`.
   * - A command that cannot be started has the exit code 126 or 127, and the runtime's message as a line.
   * - A container that is killed or stopped during the command gives 137, as when SIGKILL ends the command itself. A
   *   container that is removed gives 137 too, or a `conflict` when the engine has forgotten the command with it.
   * - A lost connection is `unreachable`, never an exit code. After a lost connection, a timeout or an abort (which
   *   ends the call at once) the process in the container may continue: the engine can end an exec only with its
   *   container.
   * - Lines arrive in order within a stream, not between the two; `onLine` must not throw.
   * - With `onInput` there is no deadline once the command runs. Input may be lost with the connection, and only output
   *   of the command proves that it arrived.
   */
  exec(idOrName: string, request: ExecRequest, options?: CallOptions): Promise<{ readonly exitCode: number }>;
  /**
   * Lists the names of the first entries, at most `limit`, directly below a directory of a container in any state,
   * through its volumes. Anything but a directory, such as a link to one, has no entries; null when nothing exists at
   * `path`. The engine walks the whole tree below the first entries and sends their contents, so request few entries of
   * a large directory. The deadline limits the silence.
   */
  pathEntries(idOrName: string, path: string, limit: number, options?: CallOptions): Promise<readonly string[] | null>;
  /**
   * Copies what exists at a path, under its own name, into a directory of another container; both may be in any state.
   * Existing files are kept, or replaced file by file. Ids, owners and times are preserved. The deadline limits the
   * silence. After a failure, a part of the copy may exist. The engine locks both containers meanwhile (seen with
   * 20.10.24): their inspects, commands, starts and stops wait; a list does not.
   */
  copyPath(
    from: { readonly container: string; readonly path: string },
    to: { readonly container: string; readonly directory: string },
    options?: CallOptions,
  ): Promise<void>;
  /**
   * Creates directories in a directory of a container in any state, each within the one before it (`a`, `a/b`). They
   * belong to root, and everybody may write to them, as to /tmp. An existing directory, or a link to one, is left
   * unchanged.
   */
  putDirectories(idOrName: string, directory: string, names: readonly string[], options?: CallOptions): Promise<void>;

  listVolumes(options?: CallOptions): Promise<ObservedVolume[]>;
  /**
   * Creates a volume and returns the one that exists afterwards. An existing volume keeps its labels (F13), so check
   * the answer.
   */
  createVolume(name: string, labels: Readonly<Record<string, string>>, options?: CallOptions): Promise<ObservedVolume>;
  /** Removes a volume; one in use is a `conflict`. */
  removeVolume(name: string, options?: CallOptions): Promise<void>;

  listNetworks(options?: CallOptions): Promise<ObservedNetwork[]>;
  /** Creates a bridge network in which traffic between containers is off; success when one of this name exists. */
  createNetwork(name: string, labels: Readonly<Record<string, string>>, options?: CallOptions): Promise<void>;
  connectNetwork(network: string, containerIdOrName: string, options?: CallOptions): Promise<void>;
  /** Disconnects by force, so that the endpoint of a network that is gone is removed as well. */
  disconnectNetwork(network: string, containerIdOrName: string, options?: CallOptions): Promise<void>;

  inspectImage(reference: string, options?: CallOptions): Promise<ObservedImage | null>;
  /**
   * Pulls an image. Throws `pull-failed` with the registry's own message. The deadline limits the silence, not the
   * whole pull.
   */
  pullImage(reference: string, onProgress: (progress: PullProgress) => void, options?: CallOptions): Promise<void>;

  /**
   * Yields events from `since` (seconds since the epoch, by the engine's clock) or from now on. Ends when the stream
   * ends, by returning or by throwing `EngineError`, and does not reconnect. `onOpen` is called once the engine has
   * accepted the subscription; list after that.
   */
  events(
    request: { readonly since?: number; readonly onOpen?: () => void },
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<EngineEvent>;
}
