import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The directories that change when a branch or a tag of the repository at `path` moves; some may not exist. */
export function watchedDirectories(path: string, ref: string | null): string[] {
  const gitDir = commonDirectory(path);
  const names = ref === null ? [] : ref.startsWith('refs/') ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`];
  return [
    ...new Set([
      gitDir,
      ...['refs/heads', 'refs/tags', 'reftable', ...names.map(dirname)].map((one) => join(gitDir, one)),
    ]),
  ];
}

/**
 * The git directory of a repository: itself when it is bare; a checkout has `.git`, a directory or a file that names
 * one.
 */
function commonDirectory(path: string): string {
  const dot = join(path, '.git');
  try {
    if (statSync(dot).isDirectory()) return dot;
    const named = /^gitdir: (.*)$/m.exec(readFileSync(dot, 'utf8'))?.[1];
    if (named === undefined) return path;
    const gitDir = resolve(path, named);
    return resolve(gitDir, readFileSync(join(gitDir, 'commondir'), 'utf8').trim());
  } catch {
    return path;
  }
}
