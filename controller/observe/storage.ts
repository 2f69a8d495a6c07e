import { EngineError, type CallOptions, type DockerPort } from '../docker/port.js';
import { saysVolumeDirectoryGone } from '../model/engine-messages.js';

/**
 * Whether the directory behind a container's data volume is gone, in which case the engine cannot stat the mount.
 * Throws `EngineError` when the engine cannot answer.
 */
export async function isStorageGone(
  docker: DockerPort,
  containerId: string,
  mountPath: string,
  options: CallOptions,
): Promise<boolean> {
  try {
    await docker.statPath(containerId, mountPath, options);
    return false;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.kind === 'unreachable' || error.kind === 'timeout' || error.kind === 'aborted') throw error;
    return saysVolumeDirectoryGone(error.message);
  }
}
