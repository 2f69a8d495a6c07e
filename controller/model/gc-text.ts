import { ROOT_KINDS, type GcRun, type RootCounts, type RootKind } from './gc-status.js';
import { formatBytes } from './quantity.js';

/** The words for one root of a kind, and for several. */
const KIND_WORDS: Readonly<Record<RootKind, readonly [string, string]>> = {
  profile: ['profile', 'profiles'],
  generation: ['generation', 'generations'],
  removed: ['removed workspace', 'removed workspaces'],
  prewarm: ['prewarm root', 'prewarm roots'],
  image: ['image', 'images'],
  keeper: ['keeper root', 'keeper roots'],
  link: ['link', 'links'],
  process: ['process', 'processes'],
  other: ['other root', 'other roots'],
};

/** Formats a count with its noun: `1 process`, `34 processes`. */
export function counted(count: number, [one, several]: readonly [string, string]): string {
  return `${count} ${count === 1 ? one : several}`;
}

/** Formats a number of paths: `1 path`, `34 paths`. */
export function pathsText(count: number): string {
  return counted(count, ['path', 'paths']);
}

/** Formats what a run freed: `1.2 GiB (34 paths)`. */
export function freedText({ freedBytes, freedPaths }: Pick<GcRun, 'freedBytes' | 'freedPaths'>): string {
  return `${formatBytes(freedBytes)} (${pathsText(freedPaths)})`;
}

/**
 * Formats the counts of roots: `4 profiles, 2 links, 1 process`. Kinds without a root are left out, so the text may be
 * empty.
 */
export function rootsText(counts: RootCounts): string {
  return ROOT_KINDS.filter((kind) => counts[kind] > 0)
    .map((kind) => counted(counts[kind], KIND_WORDS[kind]))
    .join(', ');
}
