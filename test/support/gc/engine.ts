import { EngineError, type DockerPort } from '../../../controller/docker/port.js';
import type { ContainerDefinition, ObservedContainer } from '../../../controller/model/engine-objects.js';
import { LABEL, containerName, dataVolumeName } from '../../../controller/model/names.js';
import { GUEST, type World } from './world.js';

/**
 * As much of an engine as a collection asks for, in front of such a world: links, processes, helpers and containers.
 */
export function createGcEngine(
  world: World,
  guestName: string,
): { readonly docker: DockerPort; readonly users: () => ObservedContainer[] } {
  /** Probes of data volumes: owner by container. */
  const probes = new Map<string, string>();

  const docker = {
    readLink: async (containerId: string, file: string) => {
      const of =
        probes.get(containerId) ??
        [...world.owners.values()].find(({ container }) => container?.id === containerId)?.name;
      const path = of === undefined ? undefined : world.owners.get(of)?.files.get(file)?.path;
      if (path === undefined) throw new EngineError('not-found', 'readLink', 'no such file');
      return path;
    },
    createContainer: async (name: string, { mounts }: ContainerDefinition) => {
      const probed = [...world.owners.keys()].find((of) => mounts.some(({ source }) => source === dataVolumeName(of)));
      if (probed !== undefined) probes.set(name, probed);
      return name;
    },
    startContainer: async () => undefined,
    removeContainer: async (id: string) => void probes.delete(id),
    inspectContainer: async () => null,
    exec: async (_: string, { onLine }: { onLine: (line: string) => void }) => {
      for (const { path } of world.processes) onLine(`kalpana: path ${path}`);
      return { exitCode: 0 };
    },
  };

  const users = (): ObservedContainer[] =>
    [...world.owners.values()].flatMap(({ name, container }) => {
      if (container === null) return [];
      const labels = name === GUEST ? {} : { [LABEL.workspace]: name };
      return [
        {
          id: container.id,
          name: name === GUEST ? guestName : containerName(name),
          labels,
          state: container.isUp ? 'running' : 'exited',
        } as unknown as ObservedContainer,
      ];
    });

  return { docker: docker as unknown as DockerPort, users };
}
