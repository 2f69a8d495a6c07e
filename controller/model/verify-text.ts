import { pathsText } from './gc-text.js';
import { formatBytes } from './quantity.js';
import type { StoreDamage, VerifyRun } from './verify-status.js';

/** Formats what a run looked at: `39 of 412 paths (1.2 GiB)`. */
export function verifiedText({ verifiedPaths, verifiedBytes, totalPaths }: VerifyRun): string {
  return `${verifiedPaths} of ${pathsText(totalPaths)} (${formatBytes(verifiedBytes)})`;
}

/**
 * Says that paths of a cache's store are damaged, names the first of them, and says what to do; null when none is.
 */
export function damageText(cache: string, { damaged, lost }: StoreDamage): string | null {
  if (damaged.count === 0) return null;
  const [are, them] = damaged.count === 1 ? ['is', 'it'] : ['are', 'them'];
  const what = `${pathsText(damaged.count)} of the store ${are} not as registered, such as ${damaged.first[0]}`;
  const some = lost.count === 0 || lost.count === damaged.count ? '' : `; ${lost.count} could not be had again`;
  const remedy =
    lost.count === damaged.count
      ? `, and could not be had again: kalpana cache clear ${cache} --force makes the store anew`
      : `: kalpana cache verify ${cache} --repair fetches or builds ${them} once more`;
  return `${what}${some}${remedy}. Check the disk, and who else writes the volume.`;
}
