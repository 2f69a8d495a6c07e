import type { CallOptions } from '../docker/port.js';
import { bareImageId } from '../model/image-id.js';
import type { SharedByCaches } from './cache-context.js';

/** The id of the image without `sha256:`, or null unless it is on the engine and contains a Nix store of its own. */
export async function imageWithStore(
  { docker, images, isForesight }: Pick<SharedByCaches, 'docker' | 'images' | 'isForesight'>,
  reference: string,
  calls: CallOptions,
): Promise<string | null> {
  const image = await docker.inspectImage(reference, calls);
  if (image === null) return null;
  // A plan only reads what is known and makes no probe.
  if (!isForesight) await images.look(image.id, calls);
  return images.bringsStore(image.id) === true ? bareImageId(image.id) : null;
}
