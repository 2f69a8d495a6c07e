import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Commit, GitSettings } from '../../model/git.js';
import { escapeControls } from '../parse/problem.js';
import { accessOf } from './access.js';
import { isCloneBroken, noneSuch } from './clone-faults.js';
import type { Git, GitCall, GitError } from './git-command.js';
import { verifyCommit } from './verify-commit.js';

/** The newest commit that was fetched, and the one whose specs are in force. */
const FETCHED = 'refs/kalpana/fetched';
const APPLIED = 'refs/kalpana/applied';

const LOCAL_MS = 60_000;
const SMALL = 64 * 1024;
const LIST_BYTES = 16 * 1024 * 1024;
/** Each fetch leaves a pack. */
const PACKS_AT_MOST = 40;
const UNFINISHED = /^\.?tmp[-_]/;
const LONGEST_LINE = 200;
const HASH = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

export interface TreeEntry {
  readonly mode: string;
  readonly hash: string;
  /** Bytes; null for a submodule. */
  readonly size: number | null;
  /** In the tree; with replacement characters where it is no UTF-8. */
  readonly path: string;
}

/** What the server has under a name. */
export interface RemoteRef {
  /** The full name, or a commit. */
  readonly name: string;
  /** What it points at: a commit, or a tag of one. Null for a commit that was configured: nobody was asked. */
  readonly hash: string | null;
}

/** The clone of one source in the state directory: bare, shallow, never checked out, and worth nothing that cannot be fetched again. */
export interface GitRepository {
  /** Makes an empty clone where there is none that git takes for one; true when it did. Throws when git cannot be asked. */
  prepare(): Promise<boolean>;
  /** Asks the server; throws a GitError, or a RefError. */
  resolve(signal: AbortSignal): Promise<RemoteRef>;
  /** Fetches what `name` is now, alone. */
  fetch(name: string, signal: AbortSignal): Promise<Commit>;
  /** The commit that was applied last, in this or an earlier process; null when there is none. */
  applied(): Promise<Commit | null>;
  markApplied(revision: string): Promise<void>;
  /** A commit that was applied before stays for the next process: it is fetched into a clone that has lost it, if the server still gives it. */
  keepApplied(revision: string, signal: AbortSignal): Promise<void>;
  /** Files below the source's path; null when the commit has no such directory. */
  list(revision: string): Promise<readonly TreeEntry[] | null>;
  /** Contents by hash. */
  read(hashes: readonly string[], maxBytes: number): Promise<ReadonlyMap<string, Buffer>>;
  /** Throws a SignatureError when nobody who is trusted has signed it. */
  verify(revision: string): Promise<void>;
  /** Drops what no reference names, where that is worth it. */
  tidy(signal: AbortSignal): Promise<void>;
  /** All that the references lead to is there and whole, as far as can be told. */
  isSound(signal: AbortSignal): Promise<boolean>;
  /** Drops the clone: the next one is made anew. */
  discard(): Promise<void>;
}

/** The name is at fault, not the server. */
export class RefError extends Error {}

/** @param directory its own, of this source */
export function createRepository(settings: GitSettings, directory: string, git: Git): GitRepository {
  const clone = join(directory, 'clone.git');
  const safeConfig = join(directory, 'any-owner.gitconfig');
  const local = (args: readonly string[], more: Partial<GitCall> = {}) =>
    git({ args: [`--git-dir=${clone}`, ...args], timeoutMs: LOCAL_MS, maxOutput: SMALL, ...more });
  const remote = (args: readonly string[], signal: AbortSignal, more: Partial<GitCall> = {}) =>
    git({
      args: [`--git-dir=${clone}`, ...args],
      timeoutMs: settings.timeoutMs,
      maxOutput: SMALL,
      signal,
      ...accessOf(settings, safeConfig),
      ...more,
    });
  const ref = settings.ref;

  async function describe(name: string): Promise<Commit | null> {
    const at = `${name}^{commit}`;
    const out = await local([
      'log',
      '-1',
      '--no-show-signature',
      '--no-decorate',
      '--encoding=UTF-8',
      '--format=%H%x00%an <%ae>%x00%s%x00%ct',
      at,
      '--',
    ]).catch(async (error: unknown) => {
      // Asked only when something is wrong: whether there is no such commit, or the clone cannot be read.
      if ((await local(['rev-parse', '--verify', '--quiet', at]).catch(noneSuch)) !== null) throw error;
      return null;
    });
    if (out === null) return null;
    const [revision = '', author = '', subject = '', seconds = '0'] = out
      .toString('utf8')
      .replace(/\n$/, '')
      .split('\0');
    return { revision, author: lineOf(author), subject: lineOf(subject), committedAt: Number(seconds) * 1_000 };
  }

  async function packFiles(): Promise<string[]> {
    const packs = join(clone, 'objects/pack');
    return (await readdir(packs).catch((): string[] => [])).map((name) => join(packs, name));
  }

  /** A fetch or a repack that was cut off leaves what it had got, and the next one would add to it. */
  async function dropUnfinished(): Promise<void> {
    const unfinished = (await packFiles()).filter((file) => UNFINISHED.test(basename(file)));
    await Promise.all(unfinished.map((file) => rm(file, { force: true })));
  }

  async function fetchInto(target: string, name: string, signal: AbortSignal): Promise<void> {
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
    await remote([...args, '--', settings.url.text, `+${name}:${target}`], signal, { maxFileBytes: settings.maxBytes });
  }

  return {
    async prepare() {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      // Needed by nobody else: this is done at each look.
      if (settings.url.scheme === 'file') await writeFile(safeConfig, '[safe]\n\tdirectory = *\n', { mode: 0o600 });
      const isThere = (await local(['rev-parse', '--is-bare-repository']).then(() => true, noneSuch)) !== null;
      await dropUnfinished();
      if (isThere) return false;
      const fresh = join(directory, 'clone.new');
      await rm(fresh, { recursive: true, force: true });
      await rm(clone, { recursive: true, force: true });
      await git({
        args: ['init', '--quiet', '--bare', '--template=', '--', fresh],
        timeoutMs: LOCAL_MS,
        maxOutput: SMALL,
      });
      await rename(fresh, clone);
      return true;
    },

    async resolve(signal) {
      if (ref !== null && HASH.test(ref)) return { name: ref, hash: null };
      const names =
        ref === null
          ? ['HEAD']
          : ref.startsWith('refs/') || ref === 'HEAD'
            ? [ref]
            : [`refs/heads/${ref}`, `refs/tags/${ref}`];
      const out = await remote(['ls-remote', '--quiet', '--', settings.url.text, ...names], signal, {
        maxOutput: LIST_BYTES,
      });
      // Patterns match the ends of names: refs/heads/x is also that of refs/remotes/refs/heads/x.
      const found = out
        .toString('utf8')
        .split('\n')
        .flatMap((line) => {
          const [hash = '', name = ''] = line.split('\t');
          return names.includes(name) ? [{ name, hash }] : [];
        });
      const [only, ...others] = found;
      if (only === undefined)
        throw new RefError(
          ref === null
            ? 'the repository is empty: push a commit'
            : `the repository has no branch and no tag ${ref}: push it, or change --git-ref`,
        );
      if (others.length > 0)
        throw new RefError(`${ref} is a branch and a tag: write refs/heads/${ref} or refs/tags/${ref}`);
      return only;
    },

    async fetch(name, signal) {
      await fetchInto(FETCHED, name, signal);
      const commit = await describe(FETCHED);
      if (commit === null) throw new RefError(`${name} leads to no commit`);
      return commit;
    },

    applied: () => describe(APPLIED),
    markApplied: async (revision) => void (await local(['update-ref', APPLIED, revision])),
    async keepApplied(revision, signal) {
      if ((await describe(APPLIED))?.revision === revision) return;
      // Where it does not, the last good specs by themselves have to do.
      await fetchInto(APPLIED, revision, signal).catch(() => undefined);
    },

    async list(revision) {
      const at = `${revision}:${settings.path}`;
      const out = await local(['ls-tree', '-r', '-z', '--long', at], { maxOutput: 4 * LIST_BYTES }).catch(
        async (error: unknown) => {
          const kind = await local(['cat-file', '-t', at]).then(
            (said) => said.toString().trim(),
            () => 'none',
          );
          if (kind === 'tree') throw error;
          // Only what can be told from a clone that is not broken may be told of the commit.
          await local(['cat-file', '-e', `${revision}^{tree}`]);
          return null;
        },
      );
      if (out === null) return null;
      return out
        .toString('utf8')
        .split('\0')
        .flatMap((line) => {
          const match = /^(\d+) \w+ ([0-9a-f]+) +(\d+|-)\t([^]*)$/.exec(line);
          if (match === null) return [];
          const [, mode = '', hash = '', size = '-', path = ''] = match;
          return [{ mode, hash, size: size === '-' ? null : Number(size), path }];
        });
    },

    async read(hashes, maxBytes) {
      if (hashes.length === 0) return new Map();
      const out = await local(['cat-file', '--batch'], {
        input: `${hashes.join('\n')}\n`,
        maxOutput: maxBytes + hashes.length * 128,
      });
      return contentsOf(out, hashes);
    },

    verify: (revision) =>
      settings.verify === null ? Promise.resolve() : verifyCommit(settings.verify, { git, clone, revision }),

    async tidy(signal) {
      const files = await packFiles();
      const sizes = await Promise.all(
        files.map((file) =>
          stat(file).then(
            ({ size }) => size,
            () => 0,
          ),
        ),
      );
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      if (files.filter((file) => file.endsWith('.pack')).length <= PACKS_AT_MOST && bytes <= settings.maxBytes / 2)
        return;
      await local(['repack', '-a', '-d', '-q'], { timeoutMs: 10 * LOCAL_MS, signal }).catch((error: GitError) => {
        // The server has answered, and the commit holds.
        throw new Error(`the clone in ${directory} cannot be packed: ${error.message}`);
      });
    },

    isSound: (signal) =>
      local(['fsck', '--no-dangling', '--no-progress'], {
        maxOutput: LIST_BYTES,
        timeoutMs: 10 * LOCAL_MS,
        signal,
      }).then(
        () => true,
        (error: unknown) => !isCloneBroken(error),
      ),
    discard: () => rm(clone, { recursive: true, force: true }),
  };
}

/** Whatever its author wrote: one line, safe to print. */
function lineOf(text: string): string {
  return escapeControls(text).slice(0, LONGEST_LINE);
}

/** `<hash> blob <size>\n<content>\n` for each that was asked for. */
function contentsOf(out: Buffer, hashes: readonly string[]): Map<string, Buffer> {
  const contents = new Map<string, Buffer>();
  let at = 0;
  for (const hash of hashes) {
    const end = out.indexOf(0x0a, at);
    const [, type, size] = out.toString('latin1', at, end).split(' ');
    if (end < 0 || type !== 'blob') throw new Error(`the clone lacks the object ${hash}`);
    const from = end + 1;
    contents.set(hash, out.subarray(from, from + Number(size)));
    at = from + Number(size) + 1;
  }
  return contents;
}
