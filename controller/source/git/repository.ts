import type { Commit, GitSettings } from '../../model/git.js';
import { callLocal, callRemote, cloneIn, LIST_BYTES, type Clone } from './clone.js';
import { noneSuch } from './clone-faults.js';
import { discardClone, isCloneSound, prepareClone, tidyClone } from './clone-upkeep.js';
import type { Git } from './git-command.js';
import { blobsFrom, COMMIT_FORMAT, commitFrom, treeFrom, type TreeEntry } from './git-output.js';
import { RefError, resolveRef, type RemoteRef } from './remote-ref.js';
import { verifyCommit } from './verify-commit.js';

/** The newest fetched commit, and the commit whose specs are in force. */
const FETCHED = 'refs/kalpana/fetched';
const APPLIED = 'refs/kalpana/applied';

/**
 * The clone of one source in the state directory: bare, shallow and never checked out. Everything in it can be fetched
 * again.
 */
export interface GitRepository {
  /**
   * Creates an empty clone when git does not recognise one; resolves with true when it did so. Throws when git cannot
   * be run.
   */
  prepare(): Promise<boolean>;
  /** Asks the server for the configured reference; throws a GitError or a RefError. */
  resolve(signal: AbortSignal): Promise<RemoteRef>;
  /** Fetches the commit that `name` points to now, and nothing else. */
  fetch(name: string, signal: AbortSignal): Promise<Commit>;
  /** The commit that was last applied, by this or an earlier process; null when there is none. */
  applied(): Promise<Commit | null>;
  markApplied(revision: string): Promise<void>;
  /**
   * Makes the applied commit available to the next process. A clone that has lost it fetches it again, if the server
   * still provides it.
   */
  keepApplied(revision: string, signal: AbortSignal): Promise<void>;
  /** The files below the source's path; null when the commit has no such directory. */
  list(revision: string): Promise<readonly TreeEntry[] | null>;
  /** Reads contents by hash; throws when they are larger than `maxBytes` together. */
  read(hashes: readonly string[], maxBytes: number): Promise<ReadonlyMap<string, Buffer>>;
  /** Throws a SignatureError when no trusted key has signed the commit. */
  verify(revision: string): Promise<void>;
  /** Removes what no reference names, when that is worthwhile. */
  tidy(signal: AbortSignal): Promise<void>;
  /** Whether everything that the references lead to exists and is intact, as far as git can tell. */
  isSound(signal: AbortSignal): Promise<boolean>;
  /** Removes the clone; the next `prepare` creates it again. */
  discard(): Promise<void>;
}

/** @param directory belongs to this source alone; it is created when it is missing */
export function createRepository(settings: GitSettings, directory: string, git: Git): GitRepository {
  const clone = cloneIn(directory, settings, git);
  return {
    prepare: () => prepareClone(clone),
    resolve: (signal) => resolveRef(clone, signal),
    fetch: (name, signal) => fetchCommit(clone, name, signal),
    applied: () => describe(clone, APPLIED),
    markApplied: async (revision) => void (await callLocal(clone, ['update-ref', APPLIED, revision])),
    keepApplied: (revision, signal) => keepApplied(clone, revision, signal),
    list: (revision) => listFiles(clone, revision),
    read: (hashes, maxBytes) => readBlobs(clone, hashes, maxBytes),
    verify: (revision) =>
      settings.verify === null
        ? Promise.resolve()
        : verifyCommit(settings.verify, { git, clone: clone.path, revision }),
    tidy: (signal) => tidyClone(clone, signal),
    isSound: (signal) => isCloneSound(clone, signal),
    discard: () => discardClone(clone),
  };
}

async function fetchCommit(clone: Clone, name: string, signal: AbortSignal): Promise<Commit> {
  await fetchInto(clone, FETCHED, name, signal);
  const commit = await describe(clone, FETCHED);
  if (commit === null) throw new RefError(`${name} leads to no commit`);
  return commit;
}

async function keepApplied(clone: Clone, revision: string, signal: AbortSignal): Promise<void> {
  if ((await describe(clone, APPLIED))?.revision === revision) return;
  // When the server does not provide it, the stored last good specs have to suffice.
  await fetchInto(clone, APPLIED, revision, signal).catch(() => undefined);
}

async function fetchInto(clone: Clone, target: string, name: string, signal: AbortSignal): Promise<void> {
  const { url, maxBytes } = clone.settings;
  const args = [
    'fetch',
    '--quiet',
    '--no-tags',
    '--no-write-fetch-head',
    '--no-recurse-submodules',
    '--no-auto-maintenance',
    '--depth=1',
    '--update-shallow',
    '--force',
  ];
  await callRemote(clone, [...args, '--', url.text, `+${name}:${target}`], signal, { maxFileBytes: maxBytes });
}

async function describe(clone: Clone, name: string): Promise<Commit | null> {
  const at = `${name}^{commit}`;
  const args = [
    'log',
    '-1',
    '--no-show-signature',
    '--no-decorate',
    '--encoding=UTF-8',
    `--format=${COMMIT_FORMAT}`,
    at,
    '--',
  ];
  const output = await callLocal(clone, args).catch(async (error: unknown) => {
    // Only after a failure: find out whether the commit does not exist or the clone cannot be read.
    if ((await callLocal(clone, ['rev-parse', '--verify', '--quiet', at]).catch(noneSuch)) !== null) throw error;
    return null;
  });
  return output === null ? null : commitFrom(output);
}

async function listFiles(clone: Clone, revision: string): Promise<TreeEntry[] | null> {
  const at = `${revision}:${clone.settings.path}`;
  const output = await callLocal(clone, ['ls-tree', '-r', '-z', '--long', at], { maxOutput: 4 * LIST_BYTES }).catch(
    async (error: unknown) => {
      const kind = await callLocal(clone, ['cat-file', '-t', at]).then(
        (type) => type.toString().trim(),
        () => 'none',
      );
      if (kind === 'tree') throw error;
      // Throws when the clone is broken, because only an intact one proves that the commit has no such directory.
      await callLocal(clone, ['cat-file', '-e', `${revision}^{tree}`]);
      return null;
    },
  );
  return output === null ? null : treeFrom(output);
}

async function readBlobs(
  clone: Clone,
  hashes: readonly string[],
  maxBytes: number,
): Promise<ReadonlyMap<string, Buffer>> {
  if (hashes.length === 0) return new Map();
  const output = await callLocal(clone, ['cat-file', '--batch'], {
    input: `${hashes.join('\n')}\n`,
    maxOutput: maxBytes + hashes.length * 128,
  });
  return blobsFrom(output, hashes);
}
