import type { Breathe } from '../files/pacer.js';
import type { ReadCommit } from './commit-reader.js';
import type { Memo } from './memo.js';
import type { InForce } from './reading.js';
import type { GitRepository } from './repository.js';

/**
 * Reads the commit that an earlier process applied from the clone alone; returns null when there is none. Throws when
 * it cannot be read now, or when no trusted key has signed it.
 */
export async function readApplied({
  memo,
  repository,
  readCommit,
  breathe,
}: {
  readonly memo: Memo;
  readonly repository: GitRepository;
  readonly readCommit: ReadCommit;
  readonly breathe: Breathe;
}): Promise<InForce['applied']> {
  const commit = (await memo.hasApplied()) ? await repository.applied() : null;
  if (commit === null) return null;
  // The key that signed the commit may not be trusted any more.
  await repository.verify(commit.revision);
  const files = await readCommit(commit.revision, breathe);
  return files === null ? null : { commit, files, at: null };
}
