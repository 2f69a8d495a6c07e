import { posix } from 'node:path';
import { quote } from '../parse/problem.js';
import { isSpecName, MAX_DEPTH, MAX_FILES } from '../files/list-specs.js';
import type { TreeEntry } from './git-output.js';

/** A spec file of a commit. */
export interface TreeFile {
  /** The path below the source's directory. */
  readonly path: string;
  readonly hash: string;
  readonly size: number;
}

/** A file of a commit that should be a spec and cannot be one. */
export interface TreeFault {
  readonly path: string;
  readonly message: string;
}

export interface SpecTree {
  readonly files: readonly TreeFile[];
  readonly faults: readonly TreeFault[];
}

const LINK = '120000';
const SUBMODULE = '160000';

/** The links of a tree; `specTree` needs their targets. */
export function linksIn(entries: readonly TreeEntry[]): TreeEntry[] {
  return entries.filter(({ mode }) => mode === LINK);
}

/**
 * Selects the spec files among a commit's files, as `listSpecs` does in a directory. Pure. A link is followed within
 * the source's directory; one that leads out of the repository is a fault, whatever its name.
 * @param prefix the source's directory in the repository
 * @param targets the text of each link, by hash
 */
export function specTree(
  entries: readonly TreeEntry[],
  prefix: string,
  targets: ReadonlyMap<string, string>,
): SpecTree {
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  const files: TreeFile[] = [];
  const faults: TreeFault[] = [];
  for (const entry of entries) {
    if (isHidden(entry.path)) continue;
    if (entry.mode === LINK) followLink(entry);
    else if (isSpecName(posix.basename(entry.path))) take(entry);
  }
  return files.length > MAX_FILES
    ? {
        files: [],
        faults: [
          { path: '', message: `the commit holds more than ${MAX_FILES} spec files: split them into several sources` },
        ],
      }
    : { files, faults };

  function take({ path, mode, hash, size }: TreeEntry): void {
    if (path.includes('\ufffd')) faults.push({ path, message: 'the file name is not valid UTF-8: rename it' });
    else if (mode === SUBMODULE || size === null)
      faults.push({ path, message: 'is a submodule, not a file: remove or rename it' });
    else if (path.split('/').length > MAX_DEPTH + 1)
      faults.push({ path, message: `is more than ${MAX_DEPTH} directories deep: move it up` });
    else files.push({ path, hash, size });
  }

  function followLink({ path, hash }: TreeEntry): void {
    const isSpec = isSpecName(posix.basename(path));
    const target = targets.get(hash) ?? '';
    const fault = (message: string) => faults.push({ path, message });
    const inRepository = posix.join(prefix, posix.dirname(path), target);
    if (posix.isAbsolute(target) || inRepository === '..' || inRepository.startsWith('../'))
      return void fault(
        `is a link that leads out of the repository (${quote(target)}): ` +
          'remove it, or copy the target into the repository',
      );
    if (!isSpec) return;
    const inSource = posix.join(posix.dirname(path), target);
    const found = byPath.get(inSource);
    if (inSource === '..' || inSource.startsWith('../'))
      fault('is a link that leads out of the source directory: copy the target into it');
    else if (found === undefined)
      fault('is a link to a file that does not exist, or through other links: mend or remove it');
    else if (found.mode === LINK || found.mode === SUBMODULE || found.size === null)
      fault('is a link to something else than a file: mend or remove it');
    // A target whose own name is that of a spec is listed already.
    else if (isHidden(inSource) || !isSpecName(posix.basename(inSource))) take({ ...found, path });
  }
}

function isHidden(path: string): boolean {
  return path.split('/').some((part) => part.startsWith('.'));
}
