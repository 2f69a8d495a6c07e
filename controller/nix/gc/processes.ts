import type { CallOptions, DockerPort } from '../../docker/port.js';
import type { ObservedContainer } from '../../model/engine-objects.js';
import { FailureError } from '../../model/reasons.js';
import { hasProcesses } from './owners.js';
import type { Scanner } from './scanner.js';

/**
 * Store paths that processes of `users` use. Throws a `FailureError` that names the process, or the container, which
 * keeps its own to itself.
 */
export async function pathsInUse(
  docker: DockerPort,
  scanner: Scanner,
  users: readonly ObservedContainer[],
  calls: CallOptions,
): Promise<readonly string[]> {
  const { paths, unreadable, unseen } = await scanner.scan(
    users.filter(hasProcesses).map(({ id }) => id),
    calls,
  );
  const [process] = unreadable;
  if (process !== undefined) {
    const others = unreadable.length > 1 ? ` (and ${unreadable.length - 1} others)` : '';
    // The keeper, or one that came after the list, is none of the users.
    const name =
      process.containerId === null
        ? null
        : ((await docker.inspectContainer(process.containerId, calls))?.name ?? process.containerId);
    const where = name === null ? 'among the mounts of the cache' : `of the container ${name}`;
    throw new FailureError({
      reason: 'ProcessUnreadable',
      message: `process ${process.pid} (${process.program}) ${where} cannot be read${others}`,
    });
  }
  for (const id of unseen) {
    // It may have ended since it was listed.
    const container = await docker.inspectContainer(id, calls);
    if (container !== null && hasProcesses(container))
      throw new FailureError({
        reason: 'ProcessUnreadable',
        message: `no process of the running container ${container.name} can be seen`,
      });
  }
  return paths;
}
