import type { BigIntStats } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { stampOf, type FileSystem } from '../../../../controller/source/files/file-system.js';
import { readWhole } from '../../../../controller/source/files/read-whole.js';

const LIMIT = 1024 * 1024;

interface Version {
  readonly text: string;
  /** Of the stamp. */
  readonly change?: number;
  /** The size that the stats tell; as long as the text when left out. */
  readonly size?: number;
  readonly isFile?: boolean;
}

function statsOf({ text, change = 1, size = text.length, isFile = true }: Version): BigIntStats {
  const [big, at] = [BigInt(size), BigInt(change)];
  return { dev: 1n, ino: 1n, size: big, mtimeNs: at, ctimeNs: at, isFile: () => isFile } as unknown as BigIntStats;
}

/** A file that is looked at and read in these versions, one a call; the last one stays. An error is thrown. */
function open(looks: readonly (Version | Error)[], reads: readonly (Version | Error)[] = looks) {
  const asked: number[] = [];
  const turn = (versions: readonly (Version | Error)[]) => {
    let at = 0;
    return (): Version => {
      const version = versions[Math.min(at, versions.length - 1)] ?? { text: '' };
      at += 1;
      if (version instanceof Error) throw version;
      return version;
    };
  };
  const [look, take] = [turn(looks), turn(reads)];
  const fs = {
    lstat: async () => statsOf(look()),
    async read(_path: string, bytes: number) {
      asked.push(bytes);
      const version = take();
      return { bytes: Buffer.from(version.text).subarray(0, bytes), stats: statsOf(version) };
    },
  } as unknown as FileSystem;
  return { asked, read: (listed?: Version) => readWhole(fs, '/a', LIMIT, listed && stampOf(statsOf(listed))) };
}

const error = (code: string) => Object.assign(new Error(code), { code });
const ONE: Version = { text: 'one' };
const TWO: Version = { text: 'two!', change: 2 };

describe('a file that is read whole', () => {
  it('is one that did not change meanwhile', async () => {
    const { read, asked } = open([ONE]);
    expect(await read()).toEqual({ kind: 'read', bytes: Buffer.from('one'), stamp: stampOf(statsOf(ONE)) });
    // One byte more shows whether it grows.
    expect(asked).toEqual([4]);
  });

  it('is not looked at again right after it was listed', async () => {
    const { read } = open([error('EIO')], [ONE]);
    expect((await read(ONE)).kind).toBe('read');
  });

  it('is looked at anew when it changed since it was listed', async () => {
    const { read } = open([TWO]);
    expect(await read(ONE)).toMatchObject({ kind: 'read', stamp: stampOf(statsOf(TWO)) });
  });

  it.each<{ what: string; looks: readonly Version[]; reads: readonly (Version | Error)[] }>([
    { what: 'changed between look and read', looks: [ONE, TWO], reads: [TWO, TWO] },
    { what: 'grew without a new stamp', looks: [ONE, TWO], reads: [{ ...ONE, text: 'one more', size: 3 }, TWO] },
    { what: 'was cut short', looks: [ONE, TWO], reads: [{ ...ONE, text: 'on', size: 3 }, TWO] },
    { what: 'became a directory meanwhile', looks: [ONE, TWO], reads: [{ ...ONE, isFile: false }, TWO] },
    { what: 'was a link for a moment', looks: [ONE, TWO], reads: [error('ELOOP'), TWO] },
    { what: 'was a pipe for a moment', looks: [ONE, TWO], reads: [error('EAGAIN'), TWO] },
  ])('is read again when it $what', async ({ looks, reads }) => {
    expect(await open(looks, reads).read()).toMatchObject({ kind: 'read', bytes: Buffer.from('two!') });
  });

  it('is given up for now when it changes at each of three reads', async () => {
    const { read, asked } = open([ONE], [TWO]);
    expect(await read()).toEqual({ kind: 'changing' });
    expect(asked).toHaveLength(3);
  });
});

describe('a file that is not read', () => {
  it.each<{ what: string; looks: readonly (Version | Error)[]; result: object }>([
    { what: 'has gone', looks: [error('ENOENT')], result: { kind: 'gone' } },
    {
      what: 'is none',
      looks: [{ text: '', isFile: false }],
      result: { kind: 'failed', message: 'is not a regular file: remove or rename it' },
    },
    {
      what: 'is too large',
      looks: [{ text: '', size: LIMIT + 1 }],
      result: { kind: 'failed', message: 'the file is larger than 1 MiB: make it smaller' },
    },
    {
      what: 'may not be read',
      looks: [error('EACCES')],
      result: { kind: 'failed', message: 'the file cannot be read: permission denied' },
    },
  ])('$what', async ({ looks, result }) => {
    const { read, asked } = open(looks);
    expect(await read()).toEqual(result);
    expect(asked).toEqual([]);
  });
});
