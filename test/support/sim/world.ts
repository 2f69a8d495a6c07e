import {
  LABEL,
  WORKSPACE_NETWORK,
  containerName,
  dataVolumeName,
  nextContainerName,
} from '../../../controller/model/names.js';
import type { DesiredWorkspace } from '../../../controller/model/desired.js';
import { workspaceMounts } from '../../../controller/plan/definition.js';
import { findContainer, type EngineState, type FakeContainer } from '../engine/fake-engine-state.js';

/** The engine's state as text, the same for two engines that differ in ids and times alone. */
export function worldOf(state: EngineState): string {
  const containers = [...state.containers.values()].map(
    (one) =>
      `container ${one.name} ${one.state} ${one.definition.image} ${one.definition.labels[LABEL.specHash] ?? '-'} ${limitsOf(one)}`,
  );
  const volumes = [...state.volumes.values()].map(
    (one) => `volume ${one.name} ${one.labels[LABEL.type] ?? '-'} ${one.labels[LABEL.controller] ?? '-'}`,
  );
  const networks = [...state.networks.keys()].map((name) => `network ${name}`);
  return [...containers, ...volumes, ...networks].sort().join('\n');
}

function limitsOf({ limits, restartPolicy }: FakeContainer): string {
  return `${limits.nanoCpus}/${limits.memoryBytes}/${limits.pids}/${restartPolicy}`;
}

/** What about a workspace is not as its spec says; empty when all is. */
export function deviations(state: EngineState, desired: DesiredWorkspace): string[] {
  const { name } = desired;
  const main = findContainer(state, containerName(name));
  const found: string[] = [];
  const expect = (is: boolean, what: string) => is || found.push(`${name}: ${what}`);
  expect(state.idOfName.get(nextContainerName(name)) === undefined, 'a replacement is left');
  if (desired.state === 'Stopped') {
    // Nothing is made or changed for a stopped workspace; what is there stays.
    expect(main === undefined || main.state === 'exited' || main.state === 'created', `is ${main?.state}`);
    return found;
  }
  if (main === undefined) return [`${name}: no container`];
  expect(
    main.definition.labels[LABEL.specHash] === desired.specHash,
    `differs from its spec (${main.definition.image} for ${desired.creation.image})`,
  );
  expect(main.state === 'running', `is ${main.state}`);
  expect(
    state.volumes.get(dataVolumeName(name))?.labels[LABEL.workspace] === name,
    'its data volume is missing or of another',
  );
  expect(
    JSON.stringify(main.limits) === JSON.stringify(desired.inPlace.limits),
    `limits ${JSON.stringify(main.limits)}`,
  );
  expect(main.restartPolicy === desired.inPlace.restartPolicy, `restart policy ${main.restartPolicy}`);
  expect(main.networks.get(WORKSPACE_NETWORK) === state.networks.get(WORKSPACE_NETWORK)?.id, 'is not in its network');
  for (const mount of workspaceMounts(name, desired.creation)) {
    expect(
      main.mounts.some(({ source, target }) => source === mount.source && target === mount.target),
      `lacks the mount ${mount.target}`,
    );
  }
  return found;
}
