import { EngineError, type CallOptions, type DockerPort } from '../../docker/port.js';
import type { ContainerDefinition } from '../../model/engine-objects.js';

/**
 * What all short-lived helper containers share: no network, no restart, and bounds that only a fault reaches. A seed
 * needs the most memory, because Nix takes in a path of the keeper's image as a whole.
 */
export const HELPER_CONTAINER = {
  ports: [],
  network: 'none',
  shmBytes: 0,
  limits: { nanoCpus: 0, memoryBytes: 2 * 2 ** 30, pids: 256 },
  tmpfs: [{ target: '/tmp', sizeBytes: 256 * 2 ** 20, mode: '1777' }],
  restartPolicy: 'no',
  healthcheck: null,
} as const satisfies Partial<ContainerDefinition>;

/** Whether the engine refused a call because of the state or the name of a container. */
export function isConflict(error: unknown): boolean {
  return error instanceof EngineError && error.kind === 'conflict';
}

/**
 * Creates a helper container whose name only we use, and returns its id. A container that already has the name was left
 * by a killed controller and is removed first. Throws an `EngineError`.
 */
export async function createAnew(
  docker: DockerPort,
  name: string,
  definition: ContainerDefinition,
  calls: CallOptions,
): Promise<string> {
  try {
    return await docker.createContainer(name, definition, calls);
  } catch (error) {
    if (!isConflict(error)) throw error;
    await docker.removeContainer(name, true, calls);
    return docker.createContainer(name, definition, calls);
  }
}
