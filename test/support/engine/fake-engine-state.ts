import { LABEL } from '../../../controller/model/names.js';
import type { Clock } from '../../../controller/model/clock.js';
import type {
  ContainerDefinition,
  ContainerState,
  EngineEvent,
  ExecRequest,
  Health,
  Limits,
  ObservedContainer,
  ObservedMount,
} from '../../../controller/model/engine-objects.js';

export interface FakeContainer {
  readonly id: string;
  name: string;
  readonly definition: ContainerDefinition;
  readonly imageId: string;
  state: ContainerState;
  health: Health;
  readonly mounts: readonly ObservedMount[];
  /** Network names and ids; an id is '' until the container was started in it. */
  readonly networks: Map<string, string>;
  limits: Limits;
  restartPolicy: string;
  startedAt: number | null;
  finishedAt: number | null;
  exitCode: number;
  error: string;
  restartCount: number;
  /** Docker's HasBeenManuallyStopped: a restart policy leaves it alone. */
  stoppedByHand: boolean;
  /** Counts the starts, so that timers of an earlier one mean nothing. */
  run: number;
  /** Told when the main process is gone, and with it every other one in the container. */
  readonly endings: Set<(how: 'ended' | 'removed') => void>;
}

/** What a command in a container does. */
export interface ExecOutcome {
  readonly exitCode: number;
  /** Its output, all of it at its start. */
  readonly lines?: readonly string[];
  /** 0 takes no virtual time; `Infinity` goes on until its container ends. */
  readonly afterMs?: number;
  /** For what ends by something else's doing: called at its start with what ends it, which tells its last lines. */
  readonly onStart?: (end: (exitCode: number, lines: readonly string[]) => void) => void;
}

export type ExecHandler = (container: FakeContainer, request: ExecRequest) => ExecOutcome;

export interface FakeVolume {
  readonly name: string;
  readonly driver: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Somebody removed the directory behind it. */
  directoryGone: boolean;
}

/** What a container of an image does by itself. */
export interface ImageBehaviour {
  /** The engine's words when it cannot start. */
  readonly startError?: string;
  readonly exits?: { readonly afterMs: number; readonly code: number };
  /** With a health check: what it comes to; `silent` never answers. */
  readonly health?: 'healthy' | 'unhealthy' | 'silent';
  /** Does not end on SIGTERM. */
  readonly ignoresTerm?: boolean;
}

export interface EngineState {
  readonly containers: Map<string, FakeContainer>;
  readonly idOfName: Map<string, string>;
  readonly idsOfWorkspace: Map<string, Set<string>>;
  readonly volumes: Map<string, FakeVolume>;
  /** By name: id and labels. */
  readonly networks: Map<string, { readonly id: string; readonly labels: Readonly<Record<string, string>> }>;
  /** References that are on the engine. */
  readonly images: Set<string>;
  /** What the registry has; `pull` of anything else fails. */
  readonly registry: Set<string>;
  readonly behaviours: Map<string, ImageBehaviour>;
  /** What an image has in its directories, where that matters: by image, by path, e.g. `/nix/store`. */
  readonly imageDirectories: Map<string, ReadonlyMap<string, readonly string[]>>;
  /** What was copied in afterwards, by `placeOf` the directory. */
  readonly directories: Map<string, readonly string[]>;
  /** The targets of symbolic links, by `placeOf` the link. */
  readonly links: Map<string, string>;
  /** Host ports that processes outside the engine hold. */
  readonly portsOfHost: Set<number>;
  /** Bind sources that do not exist. */
  readonly missingPaths: Set<string>;
  readonly hostCpus: number;
}

export interface EngineCore {
  readonly state: EngineState;
  readonly clock: Clock;
  /** The engine's processes work; false while it is away. */
  up: boolean;
  /** Cut the answers that take their time, when the engine goes away. */
  readonly streams: Set<() => void>;
  newId(): string;
  emit(event: Omit<EngineEvent, 'time'>): void;
}

export function createEngineState(): EngineState {
  return {
    containers: new Map(),
    idOfName: new Map(),
    idsOfWorkspace: new Map(),
    volumes: new Map(),
    networks: new Map(),
    images: new Set(),
    registry: new Set(),
    behaviours: new Map(),
    imageDirectories: new Map(),
    directories: new Map(),
    links: new Map(),
    portsOfHost: new Set(),
    missingPaths: new Set(),
    hostCpus: 2,
  };
}

/** By the image's name, so that a spec alone says what will happen. */
const BEHAVIOURS: Readonly<Record<string, ImageBehaviour>> = {
  crash: { exits: { afterMs: 50, code: 1 } },
  'late-crash': { exits: { afterMs: 20_000, code: 1 } },
  nostart: {
    startError:
      'OCI runtime create failed: runc create failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown',
  },
  sick: { health: 'unhealthy' },
  silent: { health: 'silent' },
  stubborn: { ignoresTerm: true },
};

export function behaviourOf(state: EngineState, image: string): ImageBehaviour {
  return state.behaviours.get(image) ?? BEHAVIOURS[image.split(':')[0] ?? ''] ?? {};
}

export function findContainer(state: EngineState, idOrName: string): FakeContainer | undefined {
  return state.containers.get(idOrName) ?? state.containers.get(state.idOfName.get(idOrName) ?? '');
}

export function insertContainer(state: EngineState, container: FakeContainer): void {
  state.containers.set(container.id, container);
  state.idOfName.set(container.name, container.id);
  const workspace = container.definition.labels[LABEL.workspace];
  if (workspace === undefined) return;
  const ids = state.idsOfWorkspace.get(workspace) ?? new Set();
  state.idsOfWorkspace.set(workspace, ids.add(container.id));
}

export function deleteContainer(state: EngineState, container: FakeContainer): void {
  state.containers.delete(container.id);
  state.idOfName.delete(container.name);
  state.idsOfWorkspace.get(container.definition.labels[LABEL.workspace] ?? '')?.delete(container.id);
}

export function isRunning(container: FakeContainer): boolean {
  return container.state === 'running' || container.state === 'paused';
}

export function emitContainer(
  core: EngineCore,
  container: FakeContainer,
  action: string,
  more: Readonly<Record<string, string>> = {},
): void {
  const { definition, id, name } = container;
  core.emit({
    type: 'container',
    action,
    id,
    attributes: { ...definition.labels, image: definition.image, name, ...more },
  });
}

/** As a list shows it, or an inspect with `withDetails`. */
export function viewOf(container: FakeContainer, withDetails: boolean): ObservedContainer {
  const { id, name, definition, imageId, state, health, mounts, networks } = container;
  return {
    id,
    name,
    image: definition.image,
    imageId,
    labels: definition.labels,
    state,
    health: state === 'running' ? health : 'none',
    mounts,
    networks: [...networks]
      .map(([network, networkId]) => ({ name: network, id: networkId }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    ports: isRunning(container) ? definition.ports : [],
    details: withDetails ? detailsOf(container) : null,
  };
}

function detailsOf(container: FakeContainer): ObservedContainer['details'] {
  const { startedAt, finishedAt, exitCode, error, restartCount, limits, restartPolicy } = container;
  return { startedAt, finishedAt, exitCode, oomKilled: false, error, restartCount, limits, restartPolicy };
}
