import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parseGitUrl, type GitUrl } from '../../../../controller/model/git-url.js';
import type { GitSettings } from '../../../../controller/model/git.js';
import { createMemo } from '../../../../controller/source/git/memo.js';

let root: string;
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'kalpana-memo-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

const URL = parseGitUrl('https://git.example/specs.git') as GitUrl;
const OTHER = parseGitUrl('https://git.example/other.git') as GitUrl;
const SETTINGS = { url: URL, ref: 'main', path: 'specs', suspend: false } as GitSettings;

const directory = () => join(root, 'team');
const memo = (change: Partial<GitSettings> = {}) => createMemo(directory(), { ...SETTINGS, ...change });
const file = () => join(directory(), 'source.json');

describe('whether a source is suspended', () => {
  it.each([false, true])('is as configured before anybody says otherwise: %s', async (suspend) => {
    expect(await memo({ suspend }).isSuspended()).toBe(suspend);
  });

  it('is as a person said, after a restart too', async () => {
    await memo().suspended(true);
    expect(await memo().isSuspended()).toBe(true);
    await memo().suspended(false);
    expect(await memo().isSuspended()).toBe(false);
  });

  it('follows the configuration again once a person said the same', async () => {
    await memo({ suspend: true }).suspended(false);
    await memo({ suspend: true }).suspended(true);
    expect(await memo({ suspend: false }).isSuspended()).toBe(false);
  });
});

describe('what a clone calls applied', () => {
  it('holds for the settings under which it was applied', async () => {
    expect(await memo().hasApplied()).toBe(false);
    await memo().applied();
    expect(await memo().hasApplied()).toBe(true);
  });

  it.each<{ what: string; change: Partial<GitSettings> }>([
    { what: 'repository', change: { url: OTHER } },
    { what: 'reference', change: { ref: null } },
    { what: 'directory', change: { path: 'other' } },
  ])('does not hold for another $what', async ({ change }) => {
    await memo().applied();
    expect(await memo(change).hasApplied()).toBe(false);
  });

  it('is remembered beside the suspension', async () => {
    await memo().suspended(true);
    await memo().applied();
    expect([await memo().isSuspended(), await memo().hasApplied()]).toEqual([true, true]);
  });
});

describe('the file of it', () => {
  it.each(['', '{', 'null', '7', '{"isSuspended": "yes", "identity": 7}'])('may hold anything: %s', async (text) => {
    mkdirSync(directory());
    writeFileSync(file(), text);
    expect([await memo().isSuspended(), await memo().hasApplied()]).toEqual([false, false]);
    await memo().applied();
    expect(JSON.parse(readFileSync(file(), 'utf8'))).toMatchObject({ isSuspended: null });
  });

  it('may not be written: nothing is remembered then', async () => {
    writeFileSync(directory(), 'a file where the directory should be');
    await memo().applied();
    expect(await memo().hasApplied()).toBe(false);
  });
});
