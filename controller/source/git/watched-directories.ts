import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The directories that change when a branch or tag of the repository at `path` moves; some may not exist. */
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
 * The git directory of a repository. A bare repository is its own; a checkout has `.git`, a directory or a file that
 * names one.
 */
function commonDirectory(path: string): string {
  const dot = join(path, '.git');
  try {
    if (statSync(dot).isDirectory()) return dot;
    const named = /^gitdir: (.*)$/m.exec(readFileSync(dot, 'utf8'))?.[1];
    if (named === undefined) return path;
    return sharedDirectory(resolve(path, named));
  } catch {
    return path;
  }
}

/** A worktree's git directory names the one that holds its branches; that of a submodule holds them itself. */
function sharedDirectory(gitDir: string): string {
  const file = join(gitDir, 'commondir');
  return existsSync(file) ? resolve(gitDir, readFileSync(file, 'utf8').trim()) : gitDir;
}
