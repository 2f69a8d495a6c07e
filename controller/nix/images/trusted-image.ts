/** `reference` is how the spec names the image, `imageId` which one that is on the engine, `sha256:` and its digest. */
export interface NamedImage {
  readonly reference: string;
  readonly imageId: string;
}

/**
 * Whether one of the entries of `trustedImages` stands for this image. An entry that is an image's id means that image
 * under any name. Any other is compared with the reference alone: `*` stands for anything, and an entry without a tag
 * or a digest for all of that name.
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
