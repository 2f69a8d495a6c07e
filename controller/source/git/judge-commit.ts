import { shortRevision, type Commit, type GitFailure } from '../../model/git.js';
import { problemText } from '../../model/problem-text.js';
import { merge } from '../resolve/merge.js';
import type { Breathe } from '../files/pacer.js';
import { byPlace } from '../parse/problem.js';
import type { SpecFile } from '../parse/spec-file.js';
import type { ReadCommit } from './commit-reader.js';
import { wholeReading } from './reading.js';
import type { GitRepository } from './repository.js';
import { SignatureError } from './verify-commit.js';

export interface Judgement {
  readonly files: readonly SpecFile[];
  /** Why the commit may not be applied, or null when it may. */
  readonly failure: GitFailure | null;
}

/** Judges whether a commit may be applied, as a whole. Throws only when the clone cannot be read. */
export async function judgeCommit(
  commit: Commit,
  {
    id,
    path,
    repository,
    readCommit,
    breathe,
  }: {
    readonly id: string;
    readonly path: string;
    readonly repository: GitRepository;
    readonly readCommit: ReadCommit;
    readonly breathe: Breathe;
  },
): Promise<Judgement> {
  const refused = (reason: GitFailure['reason'], message: string): Judgement => ({
    files: [],
    failure: { reason, message: `${nameOf(commit)} is not applied: ${message}`, problems: [] },
  });
  try {
    await repository.verify(commit.revision);
  } catch (error) {
    if (error instanceof SignatureError) return refused('SignatureInvalid', error.message);
    throw error;
  }
  const files = await readCommit(commit.revision, breathe);
  // Git stores no empty directories, so a wrong path or a renamed directory would look like the removal of every spec.
  if (files === null)
    return refused(
      'PathMissing',
      `it has no directory ${path}: mend --git-path; to remove the last spec of a directory, leave another file in it`,
    );
  return { files, failure: faultIn(commit, id, files) };
}

function faultIn(commit: Commit, id: string, files: readonly SpecFile[]): GitFailure | null {
  const problems = [...merge([wholeReading(id, files)], new Map()).problems].sort(byPlace);
  const [first] = problems;
  if (first === undefined) return null;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return {
    reason: 'CommitInvalid',
    message: `${nameOf(commit)} is not applied: ${problemText(first)}${more}`,
    problems,
  };
}

function nameOf({ revision, author }: Commit): string {
  return `commit ${shortRevision(revision)} by ${author}`;
}
