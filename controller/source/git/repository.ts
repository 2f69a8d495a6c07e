import type { Commit, GitSettings } from '../../model/git.js';
import { callLocal, callRemote, cloneIn, LIST_BYTES, type Clone } from './clone.js';
import { noneSuch } from './clone-faults.js';
import { discardClone, isCloneSound, prepareClone, tidyClone } from './clone-upkeep.js';
import type { Git } from './git-command.js';
import { blobsFrom, COMMIT_FORMAT, commitFrom, treeFrom, type TreeEntry } from './git-output.js';
import { RefError, resolveRef, type RemoteRef } from './remote-ref.js';
import { verifyCommit } from './verify-commit.js';

/** The newest commit that was fetched, and the one whose specs are in force. */
const FETCHED = 'refs/kalpana/fetched';
const APPLIED = 'refs/kalpana/applied';

/**
 * The clone of one source in the state directory: bare, shallow, never checked out. It holds nothing that cannot be
 * fetched again.
 */
export interface GitRepository {
  /** Makes an empty clone where git does not recognise one; true when it did. Throws when git cannot be called. */
  prepare(): Promise<boolean>;
  /** Asks the server for the configured reference; throws a GitError, or a RefError. */
  resolve(signal: AbortSignal): Promise<RemoteRef>;
  /** Fetches the commit that `name` is now, and nothing else. */
  fetch(name: string, signal: AbortSignal): Promise<Commit>;
  /** The commit that was applied last, by this or an earlier process; null when there is none. */
  applied(): Promise<Commit | null>;
  markApplied(revision: string): Promise<void>;
  /**
   * Keeps an applied commit for the next process: a clone that has lost it fetches it again, if the server still gives
   * it.
   */
  keepApplied(revision: string, signal: AbortSignal): Promise<void>;
  /** The files below the source's path; null when the commit has no such directory. */
  list(revision: string): Promise<readonly TreeEntry[] | null>;
  /** Contents by hash; throws when they are larger than `maxBytes` together. */
  read(hashes: readonly string[], maxBytes: number): Promise<ReadonlyMap<string, Buffer>>;
  /** Throws a SignatureError when no trusted key has signed the commit. */
  verify(revision: string): Promise<void>;
  /** Drops what no reference names, when that is worth it. */
  tidy(signal: AbortSignal): Promise<void>;
  /** Whether all that the references lead to is there and whole, as far as git can tell. */
  isSound(signal: AbortSignal): Promise<boolean>;
  /** Removes the clone; the next `prepare` makes it anew. */
  discard(): Promise<void>;
}

/** @param directory belongs to this source alone; it is made when it is missing */
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
  // Where the server does not give it, the last good specs have to do by themselves.
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
    // Asked only after a failure: is there no such commit, or can the clone not be read?
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
      // Throws when the clone is broken: only a sound one may say that the commit has no such directory.
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
