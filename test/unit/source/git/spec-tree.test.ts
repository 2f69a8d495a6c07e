import { describe, expect, it } from '@jest/globals';
import { MAX_DEPTH, MAX_FILES } from '../../../../controller/source/files/list-specs.js';
import type { TreeEntry } from '../../../../controller/source/git/git-output.js';
import { linksIn, specTree } from '../../../../controller/source/git/spec-tree.js';

const file = (path: string, hash = `hash of ${path}`): TreeEntry => ({ mode: '100644', hash, size: 7, path });
/** The hash of a link names where it leads. */
const link = (path: string, target: string): TreeEntry => ({ mode: '120000', hash: target, size: 7, path });
const submodule = (path: string): TreeEntry => ({ mode: '160000', hash: 'commit', size: null, path });

function read(entries: readonly TreeEntry[], prefix = 'specs') {
  const targets = new Map(linksIn(entries).map(({ hash }) => [hash, hash]));
  const { files, faults } = specTree(entries, prefix, targets);
  return { files: files.map(({ path }) => path), faults: faults.map(({ path, message }) => `${path} ${message}`) };
}

const deep = (directories: number, name: string) => `${'d/'.repeat(directories)}${name}`;

describe('the spec files of a commit', () => {
  it.each<{ what: string; entries: readonly TreeEntry[]; files: readonly string[] }>([
    {
      what: 'files with such a name',
      entries: [file('a.json'), file('b.txt'), file('c/d.json')],
      files: ['a.json', 'c/d.json'],
    },
    { what: 'nothing hidden', entries: [file('.a.json'), file('.github/b.json'), link('.c.json', '/etc')], files: [] },
    {
      what: 'a link to a file of another name',
      entries: [link('a.json', '../data/a.txt'), file('x/b.txt'), link('x/b.json', 'b.txt')],
      files: ['x/b.json'],
    },
    {
      what: 'a link to what is hidden itself',
      entries: [file('.shared/a.json'), link('a.json', '.shared/a.json')],
      files: ['a.json'],
    },
    {
      what: 'a file once, however many links lead to it',
      entries: [file('a.json'), link('b.json', 'a.json')],
      files: ['a.json'],
    },
    {
      what: 'files at the greatest depth',
      entries: [file(deep(MAX_DEPTH, 'a.json'))],
      files: [deep(MAX_DEPTH, 'a.json')],
    },
  ])('are $what', ({ entries, files }) => {
    expect(read(entries).files).toEqual(files);
  });

  it('have the content that their link leads to', () => {
    const entries = [file('.shared/a.json', 'h1'), link('a.json', '.shared/a.json')];
    const targets = new Map(linksIn(entries).map(({ hash }) => [hash, hash]));
    expect(specTree(entries, '', targets).files).toEqual([{ path: 'a.json', hash: 'h1', size: 7 }]);
  });

  it.each<{ what: string; entries: readonly TreeEntry[]; fault: string }>([
    {
      what: 'a submodule',
      entries: [submodule('a.json')],
      fault: 'a.json is a submodule, not a file: remove or rename it',
    },
    {
      what: 'a name that is no text',
      entries: [file('\ufffd.json')],
      fault: '\ufffd.json the file name is not valid UTF-8: rename it',
    },
    {
      what: 'one too deep',
      entries: [file(deep(MAX_DEPTH + 1, 'a.json'))],
      fault: `${deep(MAX_DEPTH + 1, 'a.json')} is more than ${MAX_DEPTH} directories deep: move it up`,
    },
    {
      what: 'a link that is too deep',
      entries: [file('b.txt'), link(deep(MAX_DEPTH + 1, 'a.json'), `${'../'.repeat(MAX_DEPTH + 1)}b.txt`)],
      fault: `${deep(MAX_DEPTH + 1, 'a.json')} is more than ${MAX_DEPTH} directories deep: move it up`,
    },
    {
      what: 'a link whose name is no text',
      entries: [file('b.txt'), link('\ufffd.json', 'b.txt')],
      fault: '\ufffd.json the file name is not valid UTF-8: rename it',
    },
    {
      what: 'a link to nothing',
      entries: [link('a.json', 'b.txt')],
      fault: 'a.json is a link to a file that does not exist, or through other links: mend or remove it',
    },
    {
      what: 'a link to a link',
      entries: [file('c.txt'), link('a.json', 'b.txt'), link('b.txt', 'c.txt')],
      fault: 'a.json is a link to something else than a file: mend or remove it',
    },
    {
      what: 'a link out of the source',
      entries: [link('a.json', '../other/b.txt')],
      fault: 'a.json is a link that leads out of the source directory: copy the target into it',
    },
  ])('are not $what', ({ entries, fault }) => {
    expect(read(entries)).toEqual({ files: [], faults: [fault] });
  });

  it.each([
    { path: 'a.json', target: '/etc/passwd' },
    { path: 'notes', target: '/etc/passwd' },
    { path: 'x/notes', target: '../../../etc' },
  ])('are none while $path leads out of the repository to $target', ({ path, target }) => {
    expect(read([link(path, target)]).faults).toEqual([
      `${path} is a link that leads out of the repository ("${target}"): ` +
        'remove it, or copy the target into the repository',
    ]);
  });

  it('are read wherever the source is in the repository', () => {
    const entries = [link('notes', '../../README')];
    expect(read(entries, 'a/b').faults).toEqual([]);
    expect(read(entries, 'a').faults).toHaveLength(1);
  });

  it('are none of too many', () => {
    const entries = Array.from({ length: MAX_FILES + 1 }, (_, at) => file(`${at}.json`));
    expect(read(entries.slice(1)).files).toHaveLength(MAX_FILES);
    expect(read(entries)).toEqual({
      files: [],
      faults: [` the commit holds more than ${MAX_FILES} spec files: split them into several sources`],
    });
  });
});
