import { GitError } from './git-command.js';

/** Messages of fsck about an object that is intact but was written by an unusual tool. */
const HABITS = /^(?:(?:error|warning) in (?:commit|tree|blob|tag) [0-9a-f]+: |notice: )/;
/** Messages that mean that the server is unreachable or has answered with an error of its own. */
export const AWAY = new RegExp(
  [
    'Could not resolve host',
    'Failed to connect',
    'Connection (?:refused|timed out|reset)',
    'Network is unreachable',
    String.raw`returned error: 5\d\d\b`,
  ].join('|'),
  'i',
);
/** The bit of fsck's exit code that means that something is missing. */
const MISSING = 2;

/**
 * Returns null when git answered that something does not exist. Rethrows when git gave no answer, because it may exist
 * then.
 */
export function noneSuch(error: unknown): null {
  if (error instanceof GitError && error.kind === 'failed' && error.code !== null) return null;
  throw error;
}

/** Whether the failure of a `git fsck` means that the clone is broken. */
export function isCloneBroken(error: unknown): boolean {
  if (!(error instanceof GitError) || error.kind !== 'failed' || error.code === null) return false;
  return (error.code & MISSING) !== 0 || error.stderr.split('\n').some((line) => line !== '' && !HABITS.test(line));
}

/**
 * Whether there is a lock in the clone. A killed process has left it, because this process never runs two commands in
 * the clone at once.
 */
export function isLeftLocked(error: unknown): boolean {
  return error instanceof GitError && /\.lock': File exists/.test(error.stderr);
}

/**
 * Whether a failure may be caused by the clone, and not by the server, the network or a timeout. Checking a large clone
 * takes long, so it is not done at each retry during an outage.
 */
export function isLocal(error: unknown): boolean {
  return !(error instanceof GitError) || (error.kind === 'failed' && !AWAY.test(error.stderr));
}
