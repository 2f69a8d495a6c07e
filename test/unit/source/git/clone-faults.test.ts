import { describe, expect, it } from '@jest/globals';
import { isCloneBroken, isLeftLocked, isLocal, noneSuch } from '../../../../controller/source/git/clone-faults.js';
import { GitError, type GitErrorKind } from '../../../../controller/source/git/git-command.js';

const failed = (stderr: string, code: number | null = 128) => new GitError('failed', 'it failed', stderr, code);
const OTHER_KINDS: readonly GitErrorKind[] = ['timeout', 'too-large', 'missing', 'aborted'];

describe('an answer of git', () => {
  it('that something does not exist is one', () => {
    expect(noneSuch(failed('fatal: not a git repository'))).toBeNull();
  });

  it.each([
    ...OTHER_KINDS.map((kind) => ({ what: kind, error: new GitError(kind, 'no answer', '') })),
    { what: 'killed', error: failed('', null) },
    { what: 'not git', error: new Error('too many open files') },
  ])('is none when it was $what', ({ error }) => {
    expect(() => noneSuch(error)).toThrow(error);
  });
});

describe('a check of the clone', () => {
  const HABIT = 'error in commit 1f2e: missingEmail: invalid author/committer line - missing email';

  it.each<{ what: string; error: unknown; isBroken: boolean }>([
    { what: 'that misses something', error: failed('', 2), isBroken: true },
    { what: 'that misses something beside unusual objects', error: failed(`${HABIT}\n`, 3), isBroken: true },
    { what: 'that finds something corrupt', error: failed('error: 1f2e: hash mismatch\n', 1), isBroken: true },
    { what: 'that finds nothing but unusual objects', error: failed(`${HABIT}\nnotice: HEAD\n`, 1), isBroken: false },
    { what: 'that finds both', error: failed(`${HABIT}\nerror: 1f2e: hash mismatch\n`, 1), isBroken: true },
    { what: 'that was killed', error: failed('error: 1f2e', null), isBroken: false },
    { what: 'that took too long', error: new GitError('timeout', 'no answer', 'error: 1f2e'), isBroken: false },
    { what: 'that could not begin', error: new Error('no memory'), isBroken: false },
  ])('$what finds it broken: $isBroken', ({ error, isBroken }) => {
    expect(isCloneBroken(error)).toBe(isBroken);
  });
});

describe('a failure of git', () => {
  it.each<{ what: string; error: unknown; local: boolean }>([
    { what: 'a name that nobody knows', error: failed('fatal: Could not resolve host: git.example'), local: false },
    { what: 'a server that refuses', error: failed('Failed to connect to git.example port 443'), local: false },
    { what: 'ssh that is refused', error: failed('connect to host: Connection refused'), local: false },
    { what: 'a fault of the server', error: failed('The requested URL returned error: 503'), local: false },
    { what: 'a server that says no', error: failed('The requested URL returned error: 403'), local: true },
    { what: 'a bad object', error: failed('fatal: bad object 1f2e'), local: true },
    { what: 'no answer in time', error: new GitError('timeout', 'no answer', ''), local: false },
    { what: 'too much data', error: new GitError('too-large', 'too much', ''), local: false },
    { what: 'a failure of ours', error: new Error('no memory'), local: true },
  ])('may lie with the clone, by $what: $local', ({ error, local }) => {
    expect(isLocal(error)).toBe(local);
  });

  it.each<{ error: unknown; isLocked: boolean }>([
    { error: failed("fatal: Unable to create '/state/clone.git/shallow.lock': File exists."), isLocked: true },
    { error: failed("fatal: Unable to create '/state/clone.git/shallow.lock': No space left"), isLocked: false },
    { error: new Error("'x.lock': File exists"), isLocked: false },
  ])('means a lock that was left: $isLocked', ({ error, isLocked }) => {
    expect(isLeftLocked(error)).toBe(isLocked);
  });
});
