/** An image on the engine: `reference` is its name in the spec, `imageId` its id, `sha256:` and the digest. */
export interface NamedImage {
  readonly reference: string;
  readonly imageId: string;
}

/**
 * Whether one of the entries of `trustedImages` matches this image. An entry that is an image id matches that image
 * under any name. Any other entry is compared with the reference only: `*` matches any text, and an entry without a tag
 * or digest matches all tags and digests of that name.
 */
export function isTrustedImage({ reference, imageId }: NamedImage, entries: readonly string[]): boolean {
  return entries.some((entry) =>
    entry.startsWith('sha256:') ? entry === imageId : namePattern(entry).test(reference),
  );
}

function namePattern(entry: string): RegExp {
  const name = entry
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${name}(:[\\w][\\w.-]*)?(@sha256:[0-9a-f]+)?$`);
}
