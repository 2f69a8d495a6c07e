import { GitError } from './git-command.js';

/** A complaint of fsck about an object that is whole but was written by an unusual tool. */
const HABITS = /^(?:(?:error|warning) in (?:commit|tree|blob|tag) [0-9a-f]+: |notice: )/;
/** The server cannot be reached, or has answered with a fault of its own. */
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
/** The bit of fsck's exit code that says that something is missing. */
const MISSING = 2;

/** Gives null when git answered that something does not exist. Throws when git gave no answer: it may exist then. */
export function noneSuch(error: unknown): null {
  if (error instanceof GitError && error.kind === 'failed' && error.code !== null) return null;
  throw error;
}

/** Whether the failure of a `git fsck` means that the clone is broken. */
export function isCloneBroken(error: unknown): boolean {
  if (!(error instanceof GitError) || error.kind !== 'failed' || error.code === null) return false;
  return (error.code & MISSING) !== 0 || error.stderr.split('\n').some((line) => line !== '' && !HABITS.test(line));
}

/** Whether a killed process has left a lock in the clone: this process runs one command at a time in it. */
export function isLeftLocked(error: unknown): boolean {
  return error instanceof GitError && /\.lock': File exists/.test(error.stderr);
}

/**
 * Whether the clone may be the cause of a failure, and not the server, the way to it or the time it took. Checking a
 * large clone takes long, so it is not done at each retry of an outage.
 */
export function isLocal(error: unknown): boolean {
  return !(error instanceof GitError) || (error.kind === 'failed' && !AWAY.test(error.stderr));
}
