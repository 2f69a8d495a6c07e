/** The digest of an image's id, without `sha256:`: what file names and labels in a cache can hold. */
export function bareImageId(imageId: string): string {
  return imageId.replace(/^sha256:/, '');
}
