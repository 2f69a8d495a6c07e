import { join } from 'node:path';
import type { GitSettings } from '../../model/git.js';
import { accessOf } from './access.js';
import type { Git, GitCall } from './git-command.js';

/** The clone of one source, and the way to call git on it. */
export interface Clone {
  readonly settings: GitSettings;
  /** The source's own directory below the state directory; it contains the clone and its supporting files. */
  readonly directory: string;
  /** The bare repository in `directory`. */
  readonly path: string;
  readonly git: Git;
}

/** The time limit for commands that stay on this machine, in ms. */
export const LOCAL_MS = 60_000;
const SMALL_OUTPUT = 64 * 1024;
/** The longest list (of references, of broken objects) that git may print, in bytes. */
export const LIST_BYTES = 16 * 1024 * 1024;

/** Describes the clone in `directory`; touches no file. */
export function cloneIn(directory: string, settings: GitSettings, git: Git): Clone {
  return { settings, directory, git, path: join(directory, 'clone.git') };
}

/** The file of git settings with which a `file` repository of any owner may be read. */
export function safeConfigFile({ directory }: Clone): string {
  return join(directory, 'any-owner.gitconfig');
}

/** Calls git on the clone without the network; resolves with stdout. Throws a GitError. */
export function callLocal({ git, path }: Clone, args: readonly string[], more: Partial<GitCall> = {}): Promise<Buffer> {
  return git({ args: [`--git-dir=${path}`, ...args], timeoutMs: LOCAL_MS, maxOutput: SMALL_OUTPUT, ...more });
}

/** Calls git on the clone with the source's credentials and deadline; resolves with stdout. Throws a GitError. */
export function callRemote(
  clone: Clone,
  args: readonly string[],
  signal: AbortSignal,
  more: Partial<GitCall> = {},
): Promise<Buffer> {
  const { git, path, settings } = clone;
  return git({
    args: [`--git-dir=${path}`, ...args],
    timeoutMs: settings.timeoutMs,
    maxOutput: SMALL_OUTPUT,
    signal,
    ...accessOf(settings, safeConfigFile(clone)),
    ...more,
  });
}
