import { LABEL, VOLUME_TYPE, dataVolumeName } from '../../../controller/model/names.js';
import type { EngineCall, FakeEngine, Verb } from '../engine/fake-engine.js';
import { findContainer, isRunning, type FakeContainer } from '../engine/fake-engine-state.js';
import type { SimSpecs } from './specs.js';

export const READS: ReadonlySet<Verb> = new Set<Verb>([
  'version',
  'listContainers',
  'pathEntries',
  'inspectContainer',
  'tailContainer',
  'statPath',
  'readLink',
  'listVolumes',
  'listNetworks',
  'inspectImage',
]);

/** Verbs whose first argument is a container. */
const ON_CONTAINER: ReadonlySet<Verb> = new Set<Verb>([
  'startContainer',
  'stopContainer',
  'unpauseContainer',
  'renameContainer',
  'updateContainer',
  'removeContainer',
]);

export interface Invariants {
  /** Remembers what the sources said when the controller sent a call: nobody can take it back from the wire. */
  onIssue(call: EngineCall): void;
  /** Looks at one call of the controller at the instant of its effect. */
  onEffect(call: EngineCall, phase: 'before' | 'after'): void;
  /** What was broken, in words; empty when the laws held. */
  readonly violations: string[];
}

/** From a look at a workspace to the start that follows from it. */
const LOOK_MS = 200;

interface Standing {
  readonly wanted: ReadonlySet<string>;
  readonly deletable: ReadonlySet<string>;
  readonly isReadable: boolean;
}

/** What must never happen whatever else does: looked at with every single effect of a controller on the engine. */
export function createInvariants(
  { state }: Pick<FakeEngine, 'state'>,
  specs: SimSpecs,
  instance: string,
  now: () => number,
): Invariants {
  const violations: string[] = [];
  const issued = new Map<number, Standing>();
  const broken = (call: EngineCall, law: string) =>
    violations.push(`call ${call.number} ${call.verb} ${String(call.args[0])}: ${law}`);

  function isOurs({ labels }: { readonly labels: Readonly<Record<string, string>> }): boolean {
    const controller = labels[LABEL.controller];
    return (
      labels[LABEL.managed] === 'true' &&
      labels[LABEL.workspace] !== undefined &&
      (controller === undefined || controller === instance)
    );
  }

  /** Keepers and probes, which belong to no workspace; nobody else's container has their label. */
  function isHelper({ labels }: FakeContainer['definition']): boolean {
    return labels[LABEL.managed] === 'true' && ['nix-keeper', 'nix-probe'].includes(labels[LABEL.type] ?? '');
  }

  function checkContainer(call: EngineCall, container: FakeContainer): void {
    if (isHelper(container.definition)) return;
    if (!isOurs(container.definition)) broken(call, 'touches a container that is not ours');
    if (call.verb === 'removeContainer') checkRemoval(call, container);
    if (call.verb === 'startContainer' && othersRunning(container).length > 0)
      broken(call, `starts it while ${othersRunning(container).join(', ')} runs on the same data volume`);
  }

  /** A workspace never loses its last container while its spec stands or the sources are not known whole. */
  function checkRemoval(call: EngineCall, container: FakeContainer): void {
    const workspace = container.definition.labels[LABEL.workspace] ?? '';
    const others = [...state.containers.values()].filter(
      (other) =>
        other !== container && other.state !== 'removing' && other.definition.labels[LABEL.workspace] === workspace,
    );
    // One that never ran holds nothing.
    if (others.length > 0 || container.state === 'dead' || container.startedAt === null) return;
    const then = issued.get(call.number);
    if (then?.isReadable === false) broken(call, 'removes the last container while a source cannot be read');
    if (then?.wanted.has(workspace)) broken(call, 'removes the last container of a workspace whose spec stands');
  }

  function checkVolumeRemoval(call: EngineCall): void {
    const volume = state.volumes.get(String(call.args[0]));
    if (volume === undefined) return;
    const workspace = volume.labels[LABEL.workspace] ?? '';
    if (volume.labels[LABEL.type] !== undefined && volume.labels[LABEL.type] !== VOLUME_TYPE.data)
      broken(call, 'removes a shared volume');
    if (!isOurs(volume)) broken(call, 'removes a volume that is not ours');
    const then = issued.get(call.number);
    const allowed =
      then !== undefined && !then.wanted.has(workspace) && then.deletable.has(workspace) && then.isReadable;
    if (!allowed || volume.name !== dataVolumeName(workspace))
      broken(call, 'removes a data volume without a removed spec that says Delete');
  }

  function othersRunning(container: FakeContainer): string[] {
    const data = dataVolumeName(container.definition.labels[LABEL.workspace] ?? '');
    // One that the engine or a person started since the controller last looked is stopped at its next look.
    const isKnown = (other: FakeContainer) => now() - (other.startedAt ?? 0) > LOOK_MS;
    const uses = (other: FakeContainer) =>
      other !== container && isRunning(other) && isKnown(other) && other.mounts.some((mount) => mount.source === data);
    return [...state.containers.values()].filter(uses).map(({ name }) => name);
  }

  return {
    violations,
    onIssue({ number, verb }) {
      if (verb !== 'removeContainer' && verb !== 'removeVolume') return;
      const deletable = [...specs.removed]
        .filter(([, { reclaimPolicy }]) => reclaimPolicy === 'Delete')
        .map(([name]) => name);
      issued.set(number, {
        wanted: new Set(specs.names()),
        deletable: new Set(deletable),
        isReadable: specs.isReadable(),
      });
    },
    onEffect(call, phase) {
      if (phase === 'after' || READS.has(call.verb)) return;
      if (call.verb === 'removeVolume') checkVolumeRemoval(call);
      const idOrName = call.verb.endsWith('connectNetwork') ? call.args[1] : call.args[0];
      const container =
        ON_CONTAINER.has(call.verb) || call.verb.endsWith('connectNetwork')
          ? findContainer(state, String(idOrName))
          : undefined;
      if (container !== undefined) checkContainer(call, container);
    },
  };
}
