import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { storePathIn } from '../../controller/nix/gc/root-inventory.js';
import { VERIFY_STORE_SCRIPT } from '../../controller/nix/verify/verify-scripts.js';
import { HOSTILE_NAMES } from '../support/gc/hostile-names.js';
import { createKeeperFolder, type KeeperFolder } from '../support/nix/keeper-folder.js';

// F20: a verification runs as root beside names that strangers chose, here under the machine's own sh.
const name = (digit: string, words = 'x') => `${digit.repeat(32)}-${words}`;
const path = (digit: string, words = 'x') => `/nix/store/${name(digit, words)}`;
const ALL = { KALPANA_AFTER: '', KALPANA_SHARE: '100', KALPANA_KNOWN: '', KALPANA_REPAIR: '' };

let folder: KeeperFolder;
beforeEach(() => {
  folder = createKeeperFolder();
});
afterEach(() => folder.remove());

const mark = (digit: string, file: string, text = '') => writeFileSync(folder.path(`${path(digit)}/${file}`), text);
/** The script, with the variables' paths as they are in the folder; without its process id. */
async function verify(env: Partial<typeof ALL> = {}) {
  const given = Object.entries({ ...ALL, ...env }).map(([key, value]) => [
    key,
    value.replaceAll('/nix/store/', folder.path('/nix/store/')),
  ]);
  const { code, lines } = await folder.run(VERIFY_STORE_SCRIPT, Object.fromEntries(given) as Record<string, string>);
  return { code, lines: lines.filter((line) => !/^kalpana: pid \d+$/.test(line)) };
}

describe('a verification of a store', () => {
  beforeEach(() => {
    for (const digit of ['3', '1', '2', '4']) folder.lay(name(digit));
  });

  it('looks at every path in the order of the hashes, tells how much that was, and where it ended', async () => {
    expect(await verify()).toEqual({
      code: 0,
      lines: ['kalpana: of 4 4', 'kalpana: verified 0 0', 'kalpana: verified 4 4000', `kalpana: at ${path('4')}`],
    });
  });

  it('looks at hostile names never, and hands Nix paths only', async () => {
    for (const hostile of [...HOSTILE_NAMES, `${name('1')}\nand more`]) folder.lay(hostile);
    mark('2', 'changed');
    const { code, lines } = await verify({ KALPANA_REPAIR: '1' });
    expect([code, lines]).toEqual([0, expect.arrayContaining(['kalpana: of 4 4', `kalpana: lost ${path('2')}`])]);
    const words = folder.asked().filter((word) => !word.startsWith('-'));
    expect(words.filter((word) => storePathIn(word) !== word)).toEqual([]);
    expect(words).toContain(path('4'));
  });

  it.each([
    ['from the first', '', '25', ['1']],
    ['from where the last one ended', path('1'), '50', ['2', '3']],
    ['over the end and on from the first', path('3'), '75', ['4', '1', '2']],
    ['beyond a path that is gone', path('2', 'w'), '25', ['2']],
    ['of whole paths, rounded up', path('2'), '26', ['3', '4']],
    ['never twice', path('2'), '100', ['3', '4', '1', '2']],
    ['from the first after a word that is none of ours', '$(reboot)', '1', ['1']],
  ])('takes a share %s', async (_what, after, share, digits) => {
    const { code, lines } = await verify({ KALPANA_AFTER: after, KALPANA_SHARE: share });
    expect({ code, at: lines.at(-1) }).toEqual({ code: 0, at: `kalpana: at ${path(digits.at(-1) ?? '')}` });
    const asked = folder.asked();
    expect(asked.slice(asked.indexOf('--verify-path') + 2, asked.indexOf('-q'))).toEqual(
      digits.map((digit) => path(digit)),
    );
  });

  it('tells what is damaged, changed or missing, and goes on with the rest', async () => {
    mark('2', 'changed');
    writeFileSync(folder.path('/valid'), `${folder.path(path('5'))}\n`);
    const { code, lines } = await verify();
    expect({ code, lines: lines.filter((line) => !line.includes('whole')) }).toEqual({
      code: 0,
      lines: [
        'kalpana: of 5 5',
        'kalpana: verified 0 0',
        `kalpana: damaged ${path('2')}`,
        `kalpana: damaged ${path('5')}`,
        'kalpana: verified 5 5000',
        `kalpana: at ${path('5')}`,
      ],
    });
    expect(folder.asked()).not.toContain('--repair-path');
  });

  it('mends what can be had again, and tells what cannot', async () => {
    for (const digit of ['2', '3']) mark(digit, 'changed');
    mark('3', 'served');
    const { code, lines } = await verify({ KALPANA_REPAIR: '1' });
    const fates = lines.filter((line) => /^kalpana: (damaged|mended|lost|gone) /.test(line));
    expect({ code, fates }).toEqual({
      code: 0,
      fates: [
        `kalpana: damaged ${path('2')}`,
        `kalpana: lost ${path('2')}`,
        `kalpana: damaged ${path('3')}`,
        `kalpana: mended ${path('3')}`,
      ],
    });
    expect(existsSync(folder.path(`${path('3')}/changed`))).toBe(false);
  });

  it('takes nothing for damage that was collected meanwhile', async () => {
    const unknown = path('5', 'unknown');
    writeFileSync(folder.path('/valid'), `${folder.path(unknown)}\n`);
    const { code, lines } = await verify();
    expect([code, lines]).toEqual([
      0,
      expect.arrayContaining([`kalpana: gone ${unknown}`, `kalpana: whole ${path('1')}`, 'kalpana: verified 4 4000']),
    ]);
  });

  it('looks first at what was damaged before, whatever the share is', async () => {
    mark('4', 'changed');
    const known = [path('3'), path('4'), path('5', 'unknown'), 'rm -rf /', '../../x'].join('\n');
    const { code, lines } = await verify({ KALPANA_KNOWN: known, KALPANA_SHARE: '25' });
    expect({ code, lines }).toEqual({
      code: 0,
      lines: [
        'kalpana: of 4 4',
        `kalpana: whole ${path('3')}`,
        `kalpana: damaged ${path('4')}`,
        `kalpana: gone ${path('5', 'unknown')}`,
        'kalpana: verified 2 2000',
        'kalpana: verified 1 1000',
        `kalpana: at ${path('1')}`,
      ],
    });
  });

  it('ends with the words of a failure that is no damage, and says nothing that they say', async () => {
    mark('2', 'stuck', `kalpana: mended ${path('1')}\nerror: out of memory at 'x\nkalpana: lost ${path('1')}\n'\n`);
    const { code, lines } = await verify();
    expect({ code, last: lines.slice(-2), told: lines.filter((line) => /mended|lost|damaged/.test(line)) }).toEqual({
      code: 27,
      last: ["error: out of memory at 'x", "'"],
      told: [],
    });
  });

  it.each(['Input/output error', 'Structure needs cleaning', 'has an unsupported type'])(
    'takes what the disk does not give for damage: %s',
    async (words) => {
      mark('2', 'stuck', `error: reading file '/nix/store/x': ${words}\n`);
      const { code, lines } = await verify();
      expect([code, lines]).toEqual([0, expect.arrayContaining([`kalpana: damaged ${path('2')}`])]);
    },
  );

  it('says so when the paths cannot be listed', async () => {
    writeFileSync(folder.path('/bin/nix'), '#!/bin/sh\necho "error: the database is broken" >&2\nexit 1\n');
    expect(await verify()).toEqual({ code: 26, lines: ['error: the database is broken'] });
  });

  it('begins none beside another', async () => {
    const lock = folder.path('/run/kalpana/gc/verify.lock');
    const holder = spawn('flock', [lock, 'cat'], { stdio: 'pipe' });
    await new Promise((resolve) => {
      holder.stdout.once('data', resolve);
      holder.stdin.write('held\n');
    });
    expect(await verify()).toEqual({ code: 20, lines: ['another verification is under way in this keeper'] });
    expect(folder.asked()).toEqual([]);
    holder.stdin.end();
    await new Promise((resolve) => holder.once('close', resolve));
    expect((await verify()).code).toBe(0);
  });
});

it('an empty store is whole', async () => {
  rmSync(folder.path('/nix/store'), { recursive: true });
  folder.lay('.links');
  expect(await verify({ KALPANA_AFTER: path('3') })).toEqual({
    code: 0,
    lines: ['kalpana: of 0 0', 'kalpana: verified 0 0'],
  });
});
