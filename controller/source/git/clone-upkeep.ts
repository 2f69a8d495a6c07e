import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { callLocal, LIST_BYTES, LOCAL_MS, safeConfigFile, type Clone } from './clone.js';
import { isCloneBroken, noneSuch } from './clone-faults.js';
import type { GitError } from './git-command.js';

/** Each fetch leaves one pack; beyond this number the clone is repacked. */
const PACKS_AT_MOST = 40;
/** The time limit for packing and checking, which read the whole clone, in ms. */
const WHOLE_CLONE_MS = 10 * LOCAL_MS;
const UNFINISHED = /^\.?tmp[-_]/;

/**
 * Creates an empty clone when git does not recognise one; returns true when it did so. Throws when git itself cannot be
 * run, because it is then unknown whether a clone exists.
 */
export async function prepareClone(clone: Clone): Promise<boolean> {
  const { directory, path, settings, git } = clone;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // The file is only written for sources that need it, because this runs at each poll.
  if (settings.url.scheme === 'file')
    await writeFile(safeConfigFile(clone), '[safe]\n\tdirectory = *\n', { mode: 0o600 });
  const isThere = (await callLocal(clone, ['rev-parse', '--is-bare-repository']).then(() => true, noneSuch)) !== null;
  await dropUnfinished(clone);
  if (isThere) return false;
  const fresh = join(directory, 'clone.new');
  await rm(fresh, { recursive: true, force: true });
  await rm(path, { recursive: true, force: true });
  await git({
    args: ['init', '--quiet', '--bare', '--template=', '--', fresh],
    timeoutMs: LOCAL_MS,
    maxOutput: 64 * 1024,
  });
  await rename(fresh, path);
  return true;
}

/** Removes the clone; the next `prepareClone` creates it again. */
export function discardClone({ path }: Clone): Promise<void> {
  return rm(path, { recursive: true, force: true });
}

/**
 * Repacks the clone without what no reference names, when that is worthwhile: there are many packs, or the clone has
 * reached half of its size limit.
 */
export async function tidyClone(clone: Clone, signal: AbortSignal): Promise<void> {
  const { directory, settings } = clone;
  const files = await packFiles(clone);
  const sizes = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (files.filter((file) => file.endsWith('.pack')).length <= PACKS_AT_MOST && bytes <= settings.maxBytes / 2) return;
  const call = callLocal(clone, ['repack', '-a', '-d', '-q'], { timeoutMs: WHOLE_CLONE_MS, signal });
  await call.catch((error: GitError) => {
    // This is not a GitError, because the server has answered and the commit is good.
    throw new Error(`the clone in ${directory} cannot be packed: ${error.message}`, { cause: error });
  });
}

/** Whether everything that the references lead to exists and is intact, as far as git can tell. */
export function isCloneSound(clone: Clone, signal: AbortSignal): Promise<boolean> {
  const args = ['fsck', '--no-dangling', '--no-progress'];
  return callLocal(clone, args, { maxOutput: LIST_BYTES, timeoutMs: WHOLE_CLONE_MS, signal }).then(
    () => true,
    (error: unknown) => !isCloneBroken(error),
  );
}

/** Removes incomplete packs. An interrupted fetch or repack leaves one behind, and the next one would leave another. */
async function dropUnfinished(clone: Clone): Promise<void> {
  const unfinished = (await packFiles(clone)).filter((file) => UNFINISHED.test(basename(file)));
  await Promise.all(unfinished.map((file) => rm(file, { force: true })));
}

async function packFiles({ path }: Clone): Promise<string[]> {
  const packs = join(path, 'objects/pack');
  return (await readdir(packs).catch((): string[] => [])).map((name) => join(packs, name));
}
