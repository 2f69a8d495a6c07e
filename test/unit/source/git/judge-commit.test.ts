import { describe, expect, it } from '@jest/globals';
import type { Commit } from '../../../../controller/model/git.js';
import { interpret } from '../../../../controller/source/check/interpret.js';
import { loadSchemas } from '../../../../controller/source/check/schema.js';
import { GitError } from '../../../../controller/source/git/git-command.js';
import { judgeCommit } from '../../../../controller/source/git/judge-commit.js';
import { readApplied } from '../../../../controller/source/git/read-applied.js';
import type { GitRepository } from '../../../../controller/source/git/repository.js';
import { SignatureError } from '../../../../controller/source/git/verify-commit.js';
import type { SpecFile } from '../../../../controller/source/parse/spec-file.js';
import { workspace } from '../fixture.js';

const schemas = loadSchemas();
const COMMIT: Commit = {
  revision: '0123456789abcdef'.repeat(3).slice(0, 40),
  author: 'ann',
  subject: '',
  committedAt: 0,
};
const breathe = async () => undefined;
const specOf = (file: string, content: object): Promise<SpecFile> =>
  interpret(schemas, Buffer.from(JSON.stringify(content)), { source: 'git:team', file }, breathe);

interface Facts {
  /** Null: the commit has no such directory. */
  readonly files?: readonly SpecFile[] | null;
  readonly verify?: () => Promise<void>;
  readonly applied?: Commit | null;
  readonly hasApplied?: boolean;
}

function open({ files = [], verify = async () => undefined, applied = COMMIT, hasApplied = true }: Facts) {
  const read: string[] = [];
  const repository = { verify, applied: async () => applied } as Partial<GitRepository> as GitRepository;
  const readCommit = async (revision: string) => {
    read.push(revision);
    return files === null ? null : [...files];
  };
  const memo = {
    isSuspended: async () => false,
    suspended: async () => undefined,
    hasApplied: async () => hasApplied,
    applied: async () => undefined,
  };
  return {
    read,
    judge: () => judgeCommit(COMMIT, { id: 'git:team', path: 'specs', repository, readCommit, breathe }),
    readApplied: () => readApplied({ memo, repository, readCommit, breathe }),
  };
}

const unsigned = () => Promise.reject(new SignatureError('it is not signed'));
const unreadable = new GitError('timeout', 'no answer', '');

describe('a commit', () => {
  it('whose specs are all good is applied', async () => {
    const files = [await specOf('a.json', workspace('alice')), await specOf('b.json', workspace('bob'))];
    expect(await open({ files }).judge()).toEqual({ files, failure: null });
  });

  it('that nobody trusted has signed is not read at all', async () => {
    const { judge, read } = open({ verify: unsigned });
    expect(await judge()).toEqual({
      files: [],
      failure: {
        reason: 'SignatureInvalid',
        message: 'commit 0123456789ab by ann is not applied: it is not signed',
        problems: [],
      },
    });
    expect(read).toEqual([]);
  });

  it('whose signature could not be checked is not judged', async () => {
    await expect(open({ verify: () => Promise.reject(unreadable) }).judge()).rejects.toBe(unreadable);
  });

  it('without the directory removes nothing', async () => {
    const { failure } = await open({ files: null }).judge();
    expect(failure?.reason).toBe('PathMissing');
    expect(failure?.message).toContain('it has no directory specs: mend --git-path');
  });

  it('with an empty directory is applied: every spec in it was removed', async () => {
    expect(await open({ files: [] }).judge()).toEqual({ files: [], failure: null });
  });

  it('with one bad file is refused as a whole, and names the first problem by its place', async () => {
    const files = [
      await specOf('z.json', workspace('zoe', { image: 7 })),
      await specOf('a.json', workspace('alice')),
      await specOf('b.json', workspace('bob', { image: 7 })),
    ];
    const judged = await open({ files }).judge();
    expect(judged.files).toEqual(files);
    expect(judged.failure?.reason).toBe('CommitInvalid');
    expect(judged.failure?.problems.map(({ location }) => location.file)).toEqual(['b.json', 'z.json']);
    expect(judged.failure?.message).toMatch(/^commit 0123456789ab by ann is not applied: b\.json:1:.*\(and 1 more\)$/);
  });

  it('that defines a name twice is refused', async () => {
    const files = [await specOf('a.json', workspace('alice')), await specOf('b.json', workspace('alice'))];
    expect((await open({ files }).judge()).failure?.problems).toHaveLength(2);
  });
});

describe('what an earlier process applied', () => {
  it('is read from the clone', async () => {
    const files = [await specOf('a.json', workspace('alice'))];
    expect(await open({ files }).readApplied()).toEqual({ commit: COMMIT, files, at: null });
  });

  it.each<{ what: string; facts: Facts }>([
    { what: 'of another repository', facts: { hasApplied: false } },
    { what: 'that the clone has lost', facts: { applied: null } },
    { what: 'without the directory', facts: { files: null } },
  ])('is nothing $what', async ({ facts }) => {
    expect(await open(facts).readApplied()).toBeNull();
  });

  it('is not read when no trusted key has signed it any more', async () => {
    const { readApplied: load, read } = open({ verify: unsigned });
    await expect(load()).rejects.toThrow('it is not signed');
    expect(read).toEqual([]);
  });
});
