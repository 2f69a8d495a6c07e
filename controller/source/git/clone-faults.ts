import { GitError } from './git-command.js';

/** What fsck has to say of an object that is whole, but was written by a tool of other habits. */
const HABITS = /^(?:(?:error|warning) in (?:commit|tree|blob|tag) [0-9a-f]+: |notice: )/;
/** The server cannot be reached, or has answered with a fault of its own. */
export const AWAY =
  /Could not resolve host|Failed to connect|Connection (?:refused|timed out|reset)|Network is unreachable|returned error: 5\d\d\b/i;
/** Of its exit code: something is missing. */
const MISSING = 2;

/** git was asked for what is not there. One that could not be asked has told nothing, and what it is asked for may be all there is. */
export function noneSuch(error: unknown): null {
  if (error instanceof GitError && error.kind === 'failed' && error.code !== null) return null;
  throw error;
}

/** @param error of `git fsck` */
export function isCloneBroken(error: unknown): boolean {
  if (!(error instanceof GitError) || error.kind !== 'failed' || error.code === null) return false;
  return (error.code & MISSING) !== 0 || error.stderr.split('\n').some((line) => line !== '' && !HABITS.test(line));
}

/** By a process that was killed: this one runs one command at a time in its clone. */
export function isLeftLocked(error: unknown): boolean {
  return error instanceof GitError && /\.lock': File exists/.test(error.stderr);
}

/** What may come of the clone, and not of the server, the way to it or of time. A check of a large clone is not for every retry of an outage. */
export function isLocal(error: unknown): boolean {
  return !(error instanceof GitError) || (error.kind === 'failed' && !AWAY.test(error.stderr));
}
