import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { watchedDirectories } from '../../../../controller/source/git/watched-directories.js';

let root: string;
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'kalpana-watched-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** The directories, seen from the root. */
const watched = (path: string, ref: string | null = null) =>
  watchedDirectories(join(root, path), ref).map((one) => relative(root, one));
const ALWAYS = ['', '/refs/heads', '/refs/tags', '/reftable'];
const below = (gitDir: string, more: readonly string[] = []) => [...ALWAYS, ...more].map((one) => `${gitDir}${one}`);

describe('the directories that change with a reference', () => {
  it.each<{ ref: string | null; more: readonly string[] }>([
    { ref: null, more: [] },
    { ref: 'main', more: [] },
    { ref: 'team/main', more: ['/refs/heads/team', '/refs/tags/team'] },
    { ref: 'refs/pull/7/head', more: ['/refs/pull/7'] },
  ])('are those of $ref', ({ ref, more }) => {
    expect(watched('bare.git', ref)).toEqual(below('bare.git', more));
  });

  it('are in .git of a checkout', () => {
    mkdirSync(join(root, 'checkout/.git'), { recursive: true });
    expect(watched('checkout')).toEqual(below('checkout/.git'));
  });

  it('are those of the repository that a worktree belongs to', () => {
    put('worktree/.git', 'gitdir: ../checkout/.git/worktrees/one\n');
    put('checkout/.git/worktrees/one/commondir', '../..\n');
    expect(watched('worktree')).toEqual(below('checkout/.git'));
  });

  it('are in the directory that a submodule names', () => {
    put('checkout/sub/.git', 'gitdir: ../.git/modules/sub\n');
    mkdirSync(join(root, 'checkout/.git/modules/sub'), { recursive: true });
    expect(watched('checkout/sub')).toEqual(below('checkout/.git/modules/sub'));
  });

  it('are those of the path itself when its .git says nothing', () => {
    put('odd/.git', 'nothing of use\n');
    expect(watched('odd')).toEqual(below('odd'));
  });
});
