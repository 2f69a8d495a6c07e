import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { extract, type Headers } from 'tar-stream';
import { directoryTar, firstNames, wholeTar } from '../../../controller/docker/tar.js';

/** More than the 100 bytes of a header's name. */
const LONG = `${'n'.repeat(32)}-${'long'.repeat(40)}`;

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'kalpana-tar-'));
  mkdirSync(join(dir, 'store', 'b', 'deep'), { recursive: true });
  writeFileSync(join(dir, 'store', 'a'), 'x'.repeat(100_000));
  writeFileSync(join(dir, 'store', 'b', 'deep', LONG), 'y');
  writeFileSync(join(dir, 'store', LONG), '');
  writeFileSync(join(dir, 'store', 'ü'), 'z'.repeat(512));
  symlinkSync(`/nix/store/${LONG}`, join(dir, 'store', 'z'));
});
afterAll(() => rmSync(dir, { recursive: true }));

const tarBy = (format: string, root = 'store', into = dir) =>
  execFileSync('tar', [`--format=${format}`, '--sort=name', '-cf', '-', '-C', into, root], { maxBuffer: 1e8 });

function inChunksOf(bytes: number, tar: Buffer): Readable {
  return Readable.from(
    Array.from({ length: Math.ceil(tar.length / bytes) }, (_, index) =>
      tar.subarray(index * bytes, (index + 1) * bytes),
    ),
  );
}

const ALL = ['a', 'b', LONG, 'z', 'ü'];

describe('firstNames', () => {
  it.each([
    ['gnu', 65_536],
    ['pax', 65_536],
    ['gnu', 1_000],
    ['pax', 511],
  ])('reads what tar writes as %s, in chunks of %i', async (format, size) => {
    expect((await firstNames(inChunksOf(size, tarBy(format)), 99, () => undefined)).sort()).toEqual([...ALL].sort());
  });

  it('takes names relative to the root, whatever that is', async () => {
    expect(
      (await firstNames(inChunksOf(4_096, tarBy('gnu', './', join(dir, 'store'))), 99, () => undefined)).sort(),
    ).toEqual([...ALL].sort());
    expect(
      await firstNames(inChunksOf(4_096, tarBy('gnu', 'deep', join(dir, 'store', 'b'))), 99, () => undefined),
    ).toEqual([LONG]);
  });

  it.each([0, 1])('stops at %i names and lets the rest go', async (limit) => {
    // Far more than what streams take in ahead of their reader, which differs by Node's version.
    const blocks = Buffer.alloc(8_000_000);
    tarBy('gnu').copy(blocks);
    let chunks = 0;
    const archive = inChunksOf(512, blocks);
    expect(await firstNames(archive, limit, () => (chunks += 1))).toEqual(ALL.slice(0, limit));
    expect(archive.destroyed).toBe(true);
    expect(chunks).toBeLessThan(blocks.length / 512 / 2);
  });

  it('what is no directory has none', async () => {
    expect(await firstNames(inChunksOf(512, tarBy('gnu', 'a', join(dir, 'store'))), 9, () => undefined)).toEqual([]);
  });

  it('a tar cut anywhere is refused', async () => {
    const tar = tarBy('pax');
    for (let end = 0; end < tar.length; end += 10_007) {
      if (
        tar
          .subarray(0, end)
          .subarray(-1024)
          .every((byte) => byte === 0) &&
        end >= 1024
      )
        continue;
      await expect(firstNames(inChunksOf(8_192, tar.subarray(0, end)), 99, () => undefined)).rejects.toThrow(
        /cut or no tar|ends too early/,
      );
    }
  });

  it('10,000 empty files in one chunk do not overflow the stack', async () => {
    const many = mkdtempSync(join(dir, 'many-'));
    for (let index = 0; index < 10_000; index++) writeFileSync(join(many, `f${index}`), '');
    const tar = execFileSync('tar', ['-cf', '-', '-C', many, '.'], { maxBuffer: 1e8 });
    expect(await firstNames(Readable.from([tar]), 1e6, () => undefined)).toHaveLength(10_000);
  });
});

describe('directoryTar', () => {
  it.each([
    ['small names', ['.local', '.local/state']],
    ['a long name', [LONG]],
    ['nothing', []],
  ])('%s', async (_name, names) => {
    const tar = await directoryTar(names, 1_700_000_000_000);
    const seen: Headers[] = [];
    await new Promise<void>((resolve) => {
      const reader = extract().on('finish', resolve);
      reader.on('entry', (header, contents, next) => {
        seen.push(header);
        contents.on('end', () => next()).resume();
      });
      reader.end(tar);
    });
    const told = seen.map(({ name, type, mode, uid, gid, mtime }) => ({
      name,
      type,
      mode,
      uid,
      gid,
      mtime: mtime?.getTime(),
    }));
    expect(told).toEqual(
      names.map((name) => ({ name, type: 'directory', mode: 0o1777, uid: 0, gid: 0, mtime: 1_700_000_000_000 })),
    );
    for await (const part of inChunksOf(300, tar).pipe(wholeTar(() => undefined)) as AsyncIterable<Buffer>)
      expect(part.length).toBeGreaterThan(0);
  });
});
