import type { Commit } from '../../model/git.js';
import { escapeControls } from '../parse/problem.js';

const LONGEST_LINE = 200;

export interface TreeEntry {
  readonly mode: string;
  readonly hash: string;
  /** The size in bytes; null for a submodule. */
  readonly size: number | null;
  /** The path in the tree; a byte that is not UTF-8 is replaced by a replacement character. */
  readonly path: string;
}

/** The `--format` of `git log` that `commitFrom` parses. */
export const COMMIT_FORMAT = '%H%x00%an <%ae>%x00%s%x00%ct';

/** Parses the output of `git log -1` in `COMMIT_FORMAT`. */
export function commitFrom(output: Buffer): Commit {
  const [revision = '', author = '', subject = '', seconds = '0'] = output
    .toString('utf8')
    .replace(/\n$/, '')
    .split('\0');
  return { revision, author: printable(author), subject: printable(subject), committedAt: Number(seconds) * 1_000 };
}

/** Parses the output of `git ls-tree -r -z --long`. */
export function treeFrom(output: Buffer): TreeEntry[] {
  return output
    .toString('utf8')
    .split('\0')
    .flatMap((line) => {
      const match = /^(\d+) \w+ ([0-9a-f]+) +(\d+|-)\t([^]*)$/.exec(line);
      if (match === null) return [];
      const [, mode = '', hash = '', size = '-', path = ''] = match;
      return [{ mode, hash, size: size === '-' ? null : Number(size), path }];
    });
}

/**
 * Parses the output of `git ls-remote`, and keeps references whose name is one of `names`: git's patterns also match
 * the ends of names.
 */
export function refsFrom(output: Buffer, names: readonly string[]): { readonly name: string; readonly hash: string }[] {
  return output
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      const [hash = '', name = ''] = line.split('\t');
      return names.includes(name) ? [{ name, hash }] : [];
    });
}

/**
 * Parses the output of `git cat-file --batch`, `<hash> blob <size>\n<content>\n` for each requested hash, into contents
 * by hash.
 */
export function blobsFrom(output: Buffer, hashes: readonly string[]): Map<string, Buffer> {
  const contents = new Map<string, Buffer>();
  let at = 0;
  for (const hash of hashes) {
    const end = output.indexOf(0x0a, at);
    const [, type, size] = output.toString('latin1', at, end).split(' ');
    if (end < 0 || type !== 'blob') throw new Error(`the clone lacks the object ${hash}`);
    const from = end + 1;
    contents.set(hash, output.subarray(from, from + Number(size)));
    at = from + Number(size) + 1;
  }
  return contents;
}

/** Makes a text of an author, who may write anything, one line that is safe to print. */
function printable(text: string): string {
  return escapeControls(text).slice(0, LONGEST_LINE);
}
