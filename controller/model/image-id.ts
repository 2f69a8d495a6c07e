/** The digest of an image's id, without `sha256:`, in a form that file names and labels in a cache may contain. */
export function bareImageId(imageId: string): string {
  return imageId.replace(/^sha256:/, '');
}
