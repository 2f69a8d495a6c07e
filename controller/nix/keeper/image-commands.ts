import type { CallOptions, DockerPort } from '../../docker/port.js';
import { bareImageId } from '../../model/image-id.js';
import { SILENCE_MS, type KeeperExec } from './keeper-exec.js';
import * as scripts from './scripts.js';

export interface ImageImport {
  /** A container of the image, in any state. */
  readonly source: string;
  readonly imageId: string;
  readonly keeperId: string;
}

/**
 * Imports the store paths of an image into the cache and makes them roots; a path that is valid already is never
 * replaced (F14). Returns how many paths the image has. After a failure, the copied paths are deleted again if the
 * keeper can still be reached.
 */
export async function importImage(
  docker: Pick<DockerPort, 'copyPath'>,
  exec: KeeperExec,
  image: ImageImport,
  calls: CallOptions,
): Promise<number> {
  const env = { KALPANA_IMAGE: bareImageId(image.imageId) };
  try {
    return importedFrom(await copyAndRegister(docker, exec, image, calls));
  } catch (error) {
    const what = 'the import could not be dropped';
    await exec.told(scripts.DROP_IMPORT_SCRIPT, scripts.ROOT_USER, env, what, calls).catch(() => undefined);
    throw error;
  }
}

/** Removes the roots of these images, so that a later collection may delete their paths. */
export async function releaseImages(exec: KeeperExec, imageIds: readonly string[], calls: CallOptions): Promise<void> {
  const env = { KALPANA_IMAGES: imageIds.map(bareImageId).join(' ') };
  await exec.told(scripts.RELEASE_SCRIPT, scripts.ROOT_USER, env, 'images could not be released', calls);
}

async function copyAndRegister(
  docker: Pick<DockerPort, 'copyPath'>,
  exec: KeeperExec,
  { source, imageId, keeperId }: ImageImport,
  calls: CallOptions,
): Promise<readonly string[]> {
  const image = bareImageId(imageId);
  const env = { KALPANA_IMAGE: image };
  await exec.told(scripts.PREPARE_IMPORT_SCRIPT, scripts.ROOT_USER, env, 'the import could not be prepared', calls);
  await docker.copyPath(
    { container: source, path: '/nix/store' },
    { container: keeperId, directory: `/nix/var/kalpana/import/${image}/nix` },
    calls,
  );
  // Hashing a large image takes longer than the silence that other scripts are allowed.
  const patient = { ...calls, deadlineMs: SILENCE_MS };
  return exec.told(scripts.IMPORT_SCRIPT, scripts.ROOT_USER, env, 'the import failed', patient);
}

function importedFrom(told: readonly string[]): number {
  return Number(told.find((line) => line.startsWith('imported '))?.slice('imported '.length) ?? 0);
}
