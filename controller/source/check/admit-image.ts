import { specIssue } from '../parse/locate.js';
import type { Issue } from '../parse/locate.js';
import { quote } from '../parse/problem.js';

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
const IMAGE_ID = /^[0-9a-f]{64}$/;

/** Checks the form of an image reference as the engine reads it: `[host[:port]/]path[:tag][@digest]`. */
export function admitImage(image: string): Issue[] {
  const message = imageFault(image);
  return message ? [specIssue(['image'], `${quote(image)} ${message}`)] : [];
}

function imageFault(image: string): string | null {
  const [name = '', digest, ...rest] = image.split('@');
  if (rest.length > 0 || (digest !== undefined && !DIGEST.test(digest)))
    return 'has a malformed digest: use name@sha256: and 64 hexadecimal digits';

  const lastSlash = name.lastIndexOf('/');
  const colon = name.indexOf(':', lastSlash + 1);
  const tag = colon === -1 ? null : name.slice(colon + 1);
  if (tag !== null && !TAG.test(tag)) return 'has a malformed tag: use letters, digits, "_", "." and "-", at most 128';

  const components = (colon === -1 ? name : name.slice(0, colon)).split('/');
  const first = components[0] ?? '';
  if (components.length > 1 && (/[.:]/.test(first) || first === 'localhost')) {
    components.shift();
    if (!HOST.test(first)) return 'has a malformed registry: use host or host:port before the first "/"';
  }
  const repository = components.join('/');
  if (/[A-Z]/.test(repository))
    return (
      'has upper-case letters in its repository: ' +
      `write ${quote(image.replace(repository, repository.toLowerCase()))}`
    );
  if (!components.every((component) => COMPONENT.test(component)))
    return 'is not an image reference; use name, name:tag or name@sha256:…';
  return IMAGE_ID.test(image) ? 'is an image ID: use a name, or name@sha256:…' : null;
}
