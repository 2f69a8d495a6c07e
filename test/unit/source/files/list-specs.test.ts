import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { nodeFileSystem } from '../../../../controller/source/files/file-system.js';
import { isSpecName, listSpecs, MAX_DEPTH } from '../../../../controller/source/files/list-specs.js';

let root: string;
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'kalpana-list-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), '{}');
}

function link(path: string, target: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  symlinkSync(target, join(root, path));
}

/** The specs below `specs`, and what is wrong, a line each. */
async function list(seen = new Set<string>()) {
  const specs = join(root, 'specs');
  const told: string[] = [];
  const { files, unread } = await listSpecs(specs, {
    fs: nodeFileSystem,
    breathe: async () => undefined,
    seen,
    onDirectory: async (path) => void told.push(relative(specs, path)),
  });
  return {
    files: files.map(({ path }) => relative(specs, path)),
    unread: unread.map(({ path, kind, message }) => `${kind} ${relative(specs, path)} ${message}`),
    told,
  };
}

describe('the spec files below a directory', () => {
  it('are those with such a name, at most so deep, and each directory is told before it is read', async () => {
    const deep = `${'d/'.repeat(MAX_DEPTH)}e.json`;
    for (const path of ['b.json', 'a.json', 'c.txt', '.d.json', '.git/e.json', deep]) put(join('specs', path));
    const { files, unread, told } = await list();
    expect([files, unread]).toEqual([['a.json', 'b.json', deep], []]);
    expect(told.slice(0, 3)).toEqual(['', 'd', 'd/d']);
  });

  it('are listed once, by their own name before that of a link', async () => {
    put('specs/z.json');
    link('specs/a.json', 'z.json');
    put('specs/y/b.json');
    link('specs/x', 'y');
    expect((await list()).files).toEqual(['z.json', 'y/b.json']);
  });

  it('are not listed again when a source before this one has them', async () => {
    put('specs/a.json');
    const seen = new Set<string>();
    expect([(await list(seen)).files, (await list(seen)).files]).toEqual([['a.json'], []]);
  });

  it('are also those that a link leads to', async () => {
    put('specs/.shared/a.json');
    link('specs/a.json', '.shared/a.json');
    link('specs/more', '.shared');
    expect((await list()).files).toEqual(['a.json']);
  });

  it('do not go round in circles', async () => {
    put('specs/d/a.json');
    link('specs/d/up', '..');
    expect(await list()).toMatchObject({ files: ['d/a.json'], unread: [] });
  });

  it.each<{ what: string; make: () => void; unread: string }>([
    {
      what: 'the directory itself',
      make: () => undefined,
      unread: 'directory  the directory cannot be read: it does not exist; nothing known from it is removed meanwhile',
    },
    {
      what: 'a directory that is too deep',
      make: () => put(`specs/${'d/'.repeat(MAX_DEPTH + 1)}a.json`),
      unread: `directory ${'d/'.repeat(MAX_DEPTH)}d the directory is more than ${MAX_DEPTH} levels deep: move it up`,
    },
    {
      what: 'a directory that is called like a spec',
      make: () => mkdirSync(join(root, 'specs/a.json'), { recursive: true }),
      unread: 'file a.json is a directory, not a regular file: remove or rename it',
    },
    {
      what: 'a link to nothing',
      make: () => link('specs/a.json', 'nowhere'),
      unread: 'file a.json is a link to a file that does not exist: mend or remove it',
    },
    {
      what: 'a link to itself',
      make: () => link('specs/a.json', 'a.json'),
      unread: 'file a.json is a link that cannot be followed: its links form a loop: mend or remove it',
    },
    {
      what: 'a link out of the source',
      make: () => (put('other.json'), link('specs/a.json', '../other.json')),
      unread: 'file a.json is a link that leads out of the source directory: copy the target into it',
    },
    {
      what: 'a link to a directory outside',
      make: () => (put('other/a.json'), link('specs/more', '../other')),
      unread: 'directory more is a link that leads out of the source directory: copy the target into it',
    },
    {
      what: 'a file whose name is no text',
      make: () => (put('specs/b.txt'), writeFileSync(Buffer.from(`${root}/specs/\xff.json`, 'latin1'), '{}')),
      unread: 'file \ufffd.json the file name is not valid UTF-8: rename it',
    },
    {
      what: 'a directory whose name is no text',
      make: () => (put('specs/b.txt'), mkdirSync(Buffer.from(`${root}/specs/\xff`, 'latin1'))),
      unread: 'directory \ufffd the directory name is not valid UTF-8: rename it',
    },
    {
      what: 'a link whose name is no text',
      make: () => (put('specs/b.txt'), symlinkSync('b.txt', Buffer.from(`${root}/specs/\xff.json`, 'latin1'))),
      unread: 'file \ufffd.json the file name is not valid UTF-8: rename it',
    },
  ])('are unknown when this cannot be read: $what', async ({ make, unread }) => {
    make();
    expect(await list()).toMatchObject({ files: [], unread: [unread] });
  });

  it('are no worse for a link to nothing that is none', async () => {
    put('specs/a.json');
    link('specs/notes', 'nowhere');
    expect(await list()).toMatchObject({ files: ['a.json'], unread: [] });
  });
});

describe('the name of a spec', () => {
  it.each([
    ['a.json', true],
    ['.a.json', false],
    ['#a.json', false],
    ['a.json~', false],
    ['a.JSON', false],
  ])('is %s: %s', (name, isSpec) => {
    expect(isSpecName(name)).toBe(isSpec);
  });
});
