import type { CallOptions, DockerPort } from '../docker/port.js';
import type { ObservedContainer } from '../model/engine-objects.js';
import { containerName, LABEL } from '../model/names.js';
import { workspacesOf } from './container-index.js';

const INSPECTS_AT_ONCE = 8;

/**
 * Inspects each container of `listed` that carries a workspace's id; leaves out those that have disappeared meanwhile.
 * Throws `EngineError`.
 */
export async function inspectAll(
  docker: DockerPort,
  listed: readonly ObservedContainer[],
  options: CallOptions,
): Promise<ObservedContainer[]> {
  const result: ObservedContainer[] = [];
  for (let at = 0; at < listed.length; at += INSPECTS_AT_ONCE) {
    const batch = listed.slice(at, at + INSPECTS_AT_ONCE);
    const inspected = await Promise.all(
      batch.map((one) => (one.labels[LABEL.workspace] === undefined ? one : docker.inspectContainer(one.id, options))),
    );
    result.push(...inspected.filter((one) => one !== null));
  }
  return result;
}

/**
 * Inspects the containers of a workspace. They are found by the label, by the workspace's main name, and in `known`,
 * which is called after the list: a foreign container that has one of the workspace's names does not appear in a list
 * by label. Throws `EngineError`.
 */
export async function inspectWorkspace(
  docker: DockerPort,
  workspace: string,
  known: () => readonly ObservedContainer[],
  options: CallOptions,
): Promise<ObservedContainer[]> {
  const listed = await docker.listContainers({ workspace }, options);
  const own = await inspectAll(docker, listed, options);
  const foreign = known().filter(({ labels }) => labels[LABEL.workspace] !== workspace);
  const again = await Promise.all(foreign.map(({ id }) => docker.inspectContainer(id, options)));
  const inspected = [...own, ...again.filter((one) => one !== null && workspacesOf(one).includes(workspace))].filter(
    (one) => one !== null,
  );
  if (inspected.some((container) => container.name === containerName(workspace))) return inspected;
  const named = await docker.inspectContainer(containerName(workspace), options);
  return named === null ? inspected : [...inspected, named];
}

/**
 * A list does not show limits, so they are taken from an earlier inspect of the same container in the same state (F15:
 * there is no inspect while nothing changes).
 */
export function withKnownDetails(
  container: ObservedContainer,
  known: ObservedContainer | undefined,
): ObservedContainer {
  const isSame = known !== undefined && known.state === container.state;
  return container.details === null && isSame ? { ...container, details: known.details } : container;
}
