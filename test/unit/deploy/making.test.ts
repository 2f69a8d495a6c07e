import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeWhole } from '../../../deploy/setup/making.mjs';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kalpana-making-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

/** The id of a process that has ended: ids end far below this. */
const NOBODY = 2 ** 30;

describe('what is slow to make', () => {
  it('is in its place as a whole', async () => {
    const path = join(dir, 'folder/file');
    await makeWhole(path, (half) => {
      expect(readdirSync(join(dir, 'folder'))).toEqual([]);
      writeFileSync(half, 'all of it');
    });
    expect(readFileSync(path, 'utf8')).toBe('all of it');
    expect(readdirSync(join(dir, 'folder'))).toEqual(['file']);
  });

  it('is made once when it is asked for twice at once', async () => {
    let made = 0;
    const make = async (half: string) => {
      made += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
      writeFileSync(half, 'all of it');
    };
    await Promise.all([makeWhole(join(dir, 'file'), make), makeWhole(join(dir, 'file'), make)]);
    expect([made, readFileSync(join(dir, 'file'), 'utf8')]).toEqual([1, 'all of it']);
    await makeWhole(join(dir, 'file'), make);
    expect(made).toBe(2);
  });

  it('leaves nothing when it fails half-way', async () => {
    const making = makeWhole(join(dir, 'folder'), (half) => {
      mkdirSync(half);
      writeFileSync(join(half, 'one'), 'of two');
      throw new Error('no second one');
    });
    await expect(making).rejects.toThrow('no second one');
    expect(readdirSync(dir)).toEqual([]);
  });

  it('takes away what a killed process left, and nothing of one that is at it', async () => {
    for (const pid of [NOBODY, process.ppid]) mkdirSync(join(dir, `folder.making-${pid}`));
    mkdirSync(join(dir, `other.making-${NOBODY}`));
    await makeWhole(join(dir, 'folder'), (half) => void mkdirSync(half));
    expect(readdirSync(dir).sort()).toEqual(['folder', `folder.making-${process.ppid}`, `other.making-${NOBODY}`]);
  });

  it('stays as another process made it meanwhile', async () => {
    await makeWhole(join(dir, 'folder'), (half) => {
      mkdirSync(half);
      mkdirSync(join(dir, 'folder'));
      writeFileSync(join(dir, 'folder/first'), '');
    });
    expect(readdirSync(dir)).toEqual(['folder']);
    expect(readdirSync(join(dir, 'folder'))).toEqual(['first']);
  });
});
