// kalpana/workspace:latest, the image of the examples, of the machine's own release where no base image can be had.
import { join } from 'node:path';
import { debianImage, ensureImage } from './debian-image.mjs';
import { root } from './paths.mjs';

export const WORKSPACE_IMAGE = 'kalpana/workspace:latest';

const workspace = debianImage({ image: WORKSPACE_IMAGE, folder: join(root, 'deploy/images/workspace') });

/** `engine` is a host and its TLS files. Gives a line that says what was done, or undefined when the image is there. */
export function ensureWorkspaceImage(engine, options) {
  return ensureImage(engine, workspace, options);
}
