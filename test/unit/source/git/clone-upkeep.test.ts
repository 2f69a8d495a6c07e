import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parseGitUrl, type GitUrl } from '../../../../controller/model/git-url.js';
import type { GitSettings } from '../../../../controller/model/git.js';
import { cloneIn } from '../../../../controller/source/git/clone.js';
import { discardClone, isCloneSound, prepareClone, tidyClone } from '../../../../controller/source/git/clone-upkeep.js';
import { GitError, type Git, type GitCall } from '../../../../controller/source/git/git-command.js';

let root: string;
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'kalpana-clone-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

const signal = new AbortController().signal;
const done = async () => Buffer.alloc(0);
const failing = (error: GitError) => () => Promise.reject(error);
const NO_REPOSITORY = new GitError('failed', 'not a git repository', 'fatal: not a git repository', 128);
const NOT_STARTED = new GitError('missing', 'git is not there', '');
const CUT_OFF = new GitError('timeout', 'no answer in 60 s', '');

interface Answers {
  /** Whether git recognises the clone. */
  readonly recognise?: () => Promise<Buffer>;
  readonly repack?: () => Promise<Buffer>;
  readonly fsck?: () => Promise<Buffer>;
}

/** A clone below a state directory that is not there yet, with a git that answers like this. */
function open({ recognise = done, repack = done, fsck = done }: Answers = {}, url = 'https://git.example/specs.git') {
  const calls: string[] = [];
  const directory = join(root, 'team');
  const git: Git = async (call: GitCall) => {
    const words = call.args.filter((word) => !word.startsWith('--git-dir='));
    calls.push(words.join(' ').replaceAll(directory, ''));
    if (words[0] === 'init') mkdirSync(words.at(-1) ?? '', { recursive: true });
    if (words[0] === 'rev-parse') return recognise();
    return words[0] === 'repack' ? repack() : words[0] === 'fsck' ? fsck() : done();
  };
  const settings = { url: parseGitUrl(url) as GitUrl, maxBytes: 1_000, timeoutMs: 1 } as GitSettings;
  const clone = cloneIn(directory, settings, git);
  const packs = join(clone.path, 'objects/pack');
  return {
    clone,
    calls,
    /** Puts files of `bytes` among the packs. */
    put(names: readonly string[], bytes = 1) {
      mkdirSync(packs, { recursive: true });
      for (const name of names) writeFileSync(join(packs, name), 'x'.repeat(bytes));
    },
    packs: () => (existsSync(packs) ? readdirSync(packs).sort() : null),
    beside: () => readdirSync(directory).sort(),
  };
}

const RECOGNISE = 'rev-parse --is-bare-repository';
const INIT = 'init --quiet --bare --template= -- /clone.new';

describe('making a clone ready', () => {
  it('makes an empty one where there is none, for this user alone', async () => {
    const { clone, calls, beside } = open({ recognise: failing(NO_REPOSITORY) });
    expect(await prepareClone(clone)).toBe(true);
    expect(calls).toEqual([RECOGNISE, INIT]);
    expect(beside()).toEqual(['clone.git']);
    expect(statSync(clone.directory).mode & 0o777).toBe(0o700);
  });

  it('leaves one that git recognises as it is', async () => {
    const { clone, calls, put, packs } = open();
    put(['pack-1.pack', 'pack-1.idx']);
    expect(await prepareClone(clone)).toBe(false);
    expect([calls, packs()]).toEqual([[RECOGNISE], ['pack-1.idx', 'pack-1.pack']]);
  });

  it('makes one anew that git does not recognise, and what a killed process had begun', async () => {
    const { clone, put, packs, beside } = open({ recognise: failing(NO_REPOSITORY) });
    put(['pack-1.pack']);
    mkdirSync(join(clone.directory, 'clone.new/refs'), { recursive: true });
    expect(await prepareClone(clone)).toBe(true);
    expect([packs(), beside()]).toEqual([null, ['clone.git']]);
    expect(readdirSync(clone.path)).toEqual([]);
  });

  it.each([
    { what: 'is not there', error: NOT_STARTED },
    { what: 'gives no answer', error: CUT_OFF },
    { what: 'is ended from outside', error: new GitError('failed', 'killed', '') },
  ])('throws when git $what, and keeps what may be a clone', async ({ error }) => {
    const { clone, calls, put, packs } = open({ recognise: failing(error) });
    put(['pack-1.pack']);
    await expect(prepareClone(clone)).rejects.toBe(error);
    expect([calls, packs()]).toEqual([[RECOGNISE], ['pack-1.pack']]);
  });

  it('drops the parts of packs that a cut-off fetch has left', async () => {
    const { clone, put, packs } = open();
    put(['tmp_pack_Ab1', 'tmp_idx_Ab1', '.tmp-7-pack-2.pack', 'pack-tmp_1.pack', 'pack-1.pack']);
    await prepareClone(clone);
    expect(packs()).toEqual(['pack-1.pack', 'pack-tmp_1.pack']);
  });

  it.each([
    { url: 'file:///srv/specs.git', file: '[safe]\n\tdirectory = *\n' },
    { url: 'https://git.example/specs.git', file: null },
  ])('trusts the owner of $url as it should', async ({ url, file }) => {
    const { clone } = open({}, url);
    await prepareClone(clone);
    const path = join(clone.directory, 'any-owner.gitconfig');
    expect(existsSync(path) ? readFileSync(path, 'utf8') : null).toBe(file);
  });

  it('follows on one that was discarded', async () => {
    const { clone, put, packs } = open();
    put(['pack-1.pack']);
    await discardClone(clone);
    await discardClone(clone);
    expect(packs()).toBeNull();
  });
});

describe('tidying a clone', () => {
  const packsOf = (count: number, ending = 'pack') => Array.from({ length: count }, (_, at) => `pack-${at}.${ending}`);
  const REPACK = ['repack -a -d -q'];

  it.each<{ what: string; names: readonly string[]; bytes?: number; calls: readonly string[] }>([
    { what: 'an empty one', names: [], calls: [] },
    { what: 'forty small packs', names: packsOf(40), calls: [] },
    { what: 'forty-one of them', names: packsOf(41), calls: REPACK },
    { what: 'forty packs with their indexes', names: [...packsOf(40), ...packsOf(40, 'idx')], calls: [] },
    { what: 'half of its largest size', names: packsOf(2), bytes: 250, calls: [] },
    { what: 'more than half, indexes included', names: ['pack-0.pack', 'pack-0.idx'], bytes: 251, calls: REPACK },
  ])('of $what: $calls', async ({ names, bytes, calls: expected }) => {
    const { clone, put, calls } = open();
    if (names.length > 0) put(names, bytes);
    await tidyClone(clone, signal);
    expect(calls).toEqual(expected);
  });

  it('that fails is no failure of the server', async () => {
    const full = new GitError('failed', 'no space left on device', '', 128);
    const { clone, put } = open({ repack: failing(full) });
    put(packsOf(41));
    const error: unknown = await tidyClone(clone, signal).catch((caught: unknown) => caught);
    expect(error).not.toBeInstanceOf(GitError);
    expect(error).toMatchObject({
      message: `the clone in ${clone.directory} cannot be packed: no space left on device`,
      cause: full,
    });
  });
});

describe('a clone', () => {
  it.each<{ what: string; fsck: () => Promise<Buffer>; isSound: boolean }>([
    { what: 'in which git finds nothing', fsck: done, isSound: true },
    {
      what: 'that misses an object',
      fsck: failing(new GitError('failed', 'missing', 'missing blob 1f2e', 2)),
      isSound: false,
    },
    {
      what: 'with an object that is corrupt',
      fsck: failing(new GitError('failed', 'bad', 'error: object file is empty', 1)),
      isSound: false,
    },
    {
      what: 'with a commit of an unusual tool',
      fsck: failing(new GitError('failed', 'bad', 'error in commit 1f2e: missingEmail: no email\n', 1)),
      isSound: true,
    },
    { what: 'that takes too long to check', fsck: failing(CUT_OFF), isSound: true },
    { what: 'that nobody could check', fsck: failing(NOT_STARTED), isSound: true },
  ])('$what is sound: $isSound', async ({ fsck, isSound }) => {
    const { clone, calls } = open({ fsck });
    expect(await isCloneSound(clone, signal)).toBe(isSound);
    expect(calls).toEqual(['fsck --no-dangling --no-progress']);
  });
});
