import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { dirname } from 'node:path';
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { rootInventoryFrom, storePathIn } from '../../controller/nix/gc/root-inventory.js';
import * as gc from '../../controller/nix/gc/gc-scripts.js';
import { loadScript } from '../../controller/nix/keeper/load-script.js';
import * as keeper from '../../controller/nix/keeper/scripts.js';
import { HOSTILE_NAMES } from '../support/gc/hostile-names.js';
import { createKeeperFolder, type KeeperFolder } from '../support/nix/keeper-folder.js';

// F20: names that strangers chose, in the scripts that run as root, under the machine's own sh.
const HASH = 'djjxv3pda7r3hh3lrkcq4bwaji4x35av';
const LIVE = `${HASH}-hello-1.0-live`;
const DEAD = `${HASH}-dead+._?=-1`;
/** Its first line is a path that is in use. */
const PRETENDER = `${LIVE}\nand more`;
const FLAGS = /^(-[a-zA-Z-]*|local\?root=.*)$/;

let folder: KeeperFolder;
/** A folder for each test of a `describe`, or, as each is a process and two pipes, one for all of them. */
function inFolder(before: typeof beforeAll, after: typeof afterAll): void {
  before(() => void (folder = createKeeperFolder()));
  after(() => folder.remove());
}

const told = (lines: readonly string[], kind: string) =>
  lines.flatMap((line) => (line.startsWith(`kalpana: ${kind} `) ? [line.slice(`kalpana: ${kind} `.length)] : []));
/** Nix was asked about store paths only. */
const expectPathsOnly = () => {
  const words = folder.asked().filter((word) => !FLAGS.test(word));
  expect(words.filter((word) => storePathIn(word) !== word)).toEqual([]);
};

describe('the filter of names', () => {
  const NAMES = loadScript(new URL('../../controller/nix/keeper/scripts/names.sh', import.meta.url));
  const filter = (names: readonly string[]) =>
    execFileSync('/bin/sh', ['-c', `${NAMES}to_lines | store_paths`], {
      input: Buffer.from(names.map((name) => `/nix/store/${name}\0`).join(''), 'latin1'),
    })
      .toString('latin1')
      .split('\n')
      .slice(0, -1);

  it('lets every byte through that a name of Nix may have, and no other', () => {
    const bytes = Array.from({ length: 255 }, (_, index) => String.fromCharCode(index + 1));
    const names = bytes.flatMap((byte) => [`${HASH}-a${byte}b`, `${HASH}-${byte}`, `${HASH}-a${byte}`]);
    const good = names.filter((name) => /^[^]{33}[0-9a-zA-Z+._?=-]+$/.test(name));
    expect(good).toHaveLength(3 * (10 + 26 + 26 + 6));
    expect(filter(names)).toEqual(good.map((name) => `/nix/store/${name}`));
  });

  it('lets no hostile name through, nor anything before, after or between', () => {
    const longest = `${HASH}-${'l'.repeat(211)}`;
    expect(filter([...HOSTILE_NAMES, LIVE, PRETENDER, longest, `${longest}l`, `${LIVE}/bin`, `../${LIVE}`])).toEqual([
      `/nix/store/${LIVE}`,
      `/nix/store/${longest}`,
    ]);
  });

  it('takes one path for itself only, without a program of its own', () => {
    const names = [...HOSTILE_NAMES, LIVE, DEAD, PRETENDER, `${LIVE}/bin`].map((name) => `/nix/store/${name}`);
    const code = `${NAMES}for path in "$@"; do if is_store_path "$path"; then printf '%s\\n' "$path"; fi; done`;
    expect(
      execFileSync('/bin/sh', ['-c', code, 'sh', ...names])
        .toString()
        .split('\n'),
    ).toEqual([`/nix/store/${LIVE}`, `/nix/store/${DEAD}`, '']);
  });

  it('takes no hostile word for a file of ours', () => {
    const names = ['', '.', '..', '-rf', 'a/b', 'a b', 'a\nb', '$(x)', '`x`', '*', '?', '[a]', "'", '\u00ff', 'a\\'];
    const code = `${NAMES}for name in "$@"; do is_name "$name" && echo yes || echo no; done`;
    const answers = execFileSync('/bin/sh', ['-c', code, 'sh', 'ours-1', ...names]).toString();
    expect(answers).toBe(`yes\n${'no\n'.repeat(names.length)}`);
  });
});

describe('a script that runs as root', () => {
  it.each(Object.entries({ ...keeper, ...gc }).filter(([name]) => name.endsWith('_SCRIPT')))(
    'reads no settings of Nix from a directory in which builds may write: %s',
    (name, script) => {
      // The seed runs while no keeper does, in a container of its own.
      if (name !== 'SEED_SCRIPT') expect(script).not.toMatch(/HOME=\/tmp/);
    },
  );
});

describe('a keeper', () => {
  inFolder(beforeAll, afterAll);

  /** What it does before it touches anything: the rest is for a container only. */
  const FIRST = `${keeper.KEEPER_SCRIPT.slice(0, keeper.KEEPER_SCRIPT.indexOf('var=/nix/var/kalpana'))}exit 0`;

  it.each([
    ['2.35.0', 78, 'Nix 2.35.0 breaks'],
    ['2.35.0pre20260502_94e24dd', 78, 'Nix 2.35.0 breaks'],
    ['2.7.0', 78, 'Nix 2.7.0 is too old'],
    ['1.11.16', 78, 'Nix 1.11.16 is too old'],
    ['2.8.0', 0, 'Nix 2.8.0'],
    ['2.35.1', 0, 'Nix 2.35.1'],
  ])('of Nix %s ends with %d and says so', async (version, code, words) => {
    for (const program of ['nix', 'nix-daemon'])
      writeFileSync(folder.path(`/bin/${program}`), `#!/bin/sh\necho "nix (Nix) ${version}"\n`, { mode: 0o755 });
    expect(await folder.run(FIRST)).toEqual({ code, lines: [expect.stringContaining(words)] });
  });
});

describe('a collection beside hostile names', () => {
  inFolder(beforeEach, afterEach);

  const env = { KALPANA_GO_SECONDS: '60', KALPANA_MAX_FREED: '', KALPANA_GRACE: '0' };
  const mine = [LIVE, DEAD, 'b'.repeat(32) + '-not-known'];

  beforeEach(() => {
    for (const name of [...mine, ...HOSTILE_NAMES, PRETENDER]) folder.lay(name);
    symlinkSync(folder.path(`/nix/store/${LIVE}`), folder.path('/nix/var/nix/gcroots/kept'));
    for (const [index, name] of HOSTILE_NAMES.entries())
      symlinkSync(
        Buffer.from(`${folder.path('/nix/store/')}${name}`, 'latin1'),
        folder.path(`/nix/var/nix/gcroots/root-${index}`),
      );
    symlinkSync(
      Buffer.from(`${folder.path('/nix/store/')}${PRETENDER}`, 'latin1'),
      folder.path('/nix/var/nix/profiles/kalpana/x'),
    );
  });

  it.each(['', '1'])(
    'tells what is dead, hands Nix paths only, and runs nothing (FAKE_KEEPS_ODD=%s)',
    async (keeps) => {
      const before = folder.entries();
      const all = { ...env, KALPANA_MODE: 'dry-run', FAKE_KEEPS_ODD: keeps };
      const { code, lines } = await folder.run(gc.COLLECT_SCRIPT, all);
      expect({ code, lines: lines.filter((line) => !line.startsWith('kalpana: ')) }).toEqual({ code: 0, lines: [] });
      expect(told(lines, 'dead').map((row) => row.split(' ')[0])).toEqual([
        `/nix/store/${'b'.repeat(32)}-not-known`,
        `/nix/store/${DEAD}`,
      ]);
      expect(told(lines, 'live')).toEqual(['1']);
      expectPathsOnly();
      if (keeps !== '') expect(folder.entries()).toEqual(before);
      for (const name of mine) expect(folder.entries()).toContain(name);
    },
  );

  it('keeps what came within the grace, deletes what Nix deletes, keeps what is in use, and ends well', async () => {
    const all = { ...env, KALPANA_MODE: 'collect', FAKE_KEEPS_ODD: '1' };
    const early = await folder.run(gc.COLLECT_SCRIPT, { ...all, KALPANA_GRACE: '3600' });
    expect(early.code).toBe(0);
    for (const name of mine) expect(folder.entries()).toContain(name);
    const { code, lines } = await folder.run(gc.COLLECT_SCRIPT, all);
    expect({ code, risk: told(lines, 'at-risk') }).toEqual({ code: 0, risk: [] });
    // Nix's own words are for a failure, and there is none.
    const said = [...early.lines, ...lines];
    expect(said.filter((line) => !/^kalpana: (frozen|live|links|dead|deleting|freed|left)\b/.test(line))).toEqual([
      "error: the store is full'",
    ]);
    for (const path of told(said, 'deleting')) expect(storePathIn(path)).toBe(path);
    expect(told(lines, 'freed')[0]?.split(' ')[1]).toBe('2');
    expectPathsOnly();
    expect(folder.entries()).toContain(LIVE);
    expect(folder.entries()).not.toContain(DEAD);
  });

  it('still says when a path in use would be deleted', async () => {
    const inUse = `${HASH}-in-use`;
    folder.lay(inUse);
    folder.lay(`${inUse}\nand more`);
    symlinkSync(folder.path(`/nix/store/${inUse}`), folder.path('/nix/var/nix/gcroots/in-use'));
    const { code, lines } = await folder.run(gc.COLLECT_SCRIPT, { ...env, KALPANA_MODE: 'collect' });
    expect({ code, risk: told(lines, 'at-risk') }).toEqual({ code: 22, risk: [`/nix/store/${inUse}`] });
    expect(folder.entries()).toContain(inUse);
  });

  describe('what is in use and not in the database', () => {
    const lost = `${'c'.repeat(32)}-lost-unknown`;
    const alsoLost = `${'g'.repeat(32)}-lost-unknown`;
    const damage = [lost, alsoLost].map((name) => `/nix/store/${name}`);
    const needed = `${'d'.repeat(32)}-needed-unknown`;
    const known = `${'f'.repeat(32)}-known`;
    const collect = { ...env, KALPANA_MODE: 'collect', FAKE_KEEPS_ODD: '1' };
    const rootAt = (link: string, name: string) => {
      mkdirSync(dirname(folder.path(link)), { recursive: true });
      symlinkSync(folder.path(`/nix/store/${name}`), folder.path(link));
    };

    beforeEach(() => {
      for (const name of [lost, alsoLost, needed, known]) folder.lay(name);
      writeFileSync(folder.path(`/nix/store/${lost}/run`), `\0\x01exec ${folder.path(`/nix/store/${needed}`)}/bin/x\n`);
      symlinkSync(folder.path(`/nix/store/${known}/lib`), folder.path(`/nix/store/${needed}/lib`));
    });

    it('is damage where a root of ours names it, and nothing is deleted', async () => {
      rootAt('/nix/var/nix/profiles/kalpana/alice-1-link', lost);
      rootAt('/nix/var/nix/gcroots/kalpana/images/abc/x', alsoLost);
      const before = folder.entries();
      const { code, lines } = await folder.run(gc.COLLECT_SCRIPT, collect);
      expect({ code, damaged: told(lines, 'damaged') }).toEqual({ code: 28, damaged: damage });
      expect(folder.entries()).toEqual(before);
    });

    it('stays with all that its files name where a user has it, and the others go, those of no path too', async () => {
      rootAt('/nix/var/nix/gcroots/kalpana/links/alice/abc', lost);
      rootAt(`/nix/var/nix/gcroots/kalpana/run/${alsoLost}`, alsoLost);
      rootAt('/nix/var/nix/profiles/per-user/nixbld1/x', lost);
      rootAt('/nix/var/nix/profiles/kalpana/alice-1-link', `${'h'.repeat(32)}-absent-unknown`);
      const { code, lines } = await folder.run(gc.COLLECT_SCRIPT, collect);
      expect({ code, damaged: told(lines, 'damaged') }).toEqual({ code: 0, damaged: damage });
      for (const name of [lost, alsoLost, needed, known, LIVE]) expect(folder.entries()).toContain(name);
      expect(folder.entries()).not.toContain(DEAD);
      expect(readdirSync(folder.path('/nix/var/nix/temproots'))).toEqual([]);
      expectPathsOnly();
    });

    it('stays however long its chain is, and stops nobody: a failed build leaves many', async () => {
      const chain = Array.from({ length: 12 }, (_, index) => `${'c'.repeat(30)}${index + 10}-out-unknown`);
      for (const [index, name] of chain.entries()) {
        folder.lay(name);
        writeFileSync(folder.path(`/nix/store/${name}/next`), folder.path(`/nix/store/${chain[index + 1] ?? known}`));
      }
      rootAt(`/nix/var/nix/gcroots/kalpana/run/${chain[0]}`, chain[0] ?? '');
      expect((await folder.run(gc.COLLECT_SCRIPT, collect)).code).toBe(0);
      for (const name of [...chain, known]) expect(folder.entries()).toContain(name);
      expect(folder.entries()).not.toContain(DEAD);
    });

    it('stays with what stands behind a hole in a file, which is not read through meanwhile', async () => {
      const file = folder.path(`/nix/store/${lost}/run`);
      rmSync(file);
      writeFileSync(file, 'first');
      truncateSync(file, 2 ** 40);
      appendFileSync(file, `\n${folder.path(`/nix/store/${needed}`)}\n`);
      rootAt('/nix/var/nix/gcroots/kalpana/links/alice/abc', lost);
      // Whoever takes a hole for a line has no memory for it.
      const { code, lines } = await folder.run(`ulimit -v 1000000; ${gc.COLLECT_SCRIPT}`, collect);
      expect({ code, damaged: told(lines, 'damaged') }).toEqual({ code: 0, damaged: damage.slice(0, 1) });
      for (const name of [lost, needed, known]) expect(folder.entries()).toContain(name);
      expect(folder.entries()).not.toContain(DEAD);
    });

    it('ends the run where the image has a grep that cannot find them, before anything goes', async () => {
      const refusing = '#!/bin/sh\ncase $1 in -*z*) exit 2 ;; esac\nexec /usr/bin/grep "$@"\n';
      writeFileSync(folder.path('/bin/grep'), refusing, { mode: 0o755 });
      rootAt('/nix/var/nix/gcroots/kalpana/links/alice/abc', lost);
      const { code, lines } = await folder.run(gc.COLLECT_SCRIPT, collect);
      rmSync(folder.path('/bin/grep'));
      expect({ code, last: lines.at(-1) }).toEqual({ code: 24, last: "the image's grep has no -z" });
      for (const name of [lost, needed, known, DEAD]) expect(folder.entries()).toContain(name);
    });

    it('is none while a worker of the daemon has it in hand', async () => {
      rootAt('/nix/var/nix/profiles/kalpana/alice-1-link', lost);
      mkdirSync(folder.path('/nix/var/nix/temproots'), { recursive: true });
      writeFileSync(folder.path('/nix/var/nix/temproots/7'), `${folder.path(`/nix/store/${lost}`)}\0`);
      const isLocked = spawn('flock', [folder.path('/nix/var/nix/temproots/7'), 'cat'], { stdio: 'pipe' });
      await new Promise((resolve) => {
        isLocked.stdout.once('data', resolve);
        isLocked.stdin.write('locked\n');
      });
      const { code, lines } = await folder.run(gc.COLLECT_SCRIPT, collect);
      expect({ code, damaged: told(lines, 'damaged') }).toEqual({ code: 0, damaged: [] });
      expect(folder.entries()).toContain(lost);
      // What a worker had in hand that has ended is nobody's.
      isLocked.stdin.end();
      await new Promise((resolve) => isLocked.once('close', resolve));
      expect((await folder.run(gc.COLLECT_SCRIPT, collect)).code).toBe(28);
      expect(folder.entries()).toContain(lost);
    });
  });

  it('measures nothing but store paths', async () => {
    const { code, lines } = await folder.run(keeper.MEASURE_SCRIPT);
    expect({ code, paths: told(lines, 'store')[0]?.split(' ')[1] }).toEqual({ code: 0, paths: '3' });
  });

  it('lists the roots, and asks about store paths only', async () => {
    for (const [index, name] of HOSTILE_NAMES.entries()) {
      const link = `/nix/var/nix/profiles/kalpana/p-${index}-link`;
      symlinkSync(Buffer.from(`${folder.path('/nix/store/')}${name}`, 'latin1'), folder.path(link));
      symlinkSync(Buffer.from(`/nix/store/${name}`, 'latin1'), folder.path(`/nix/var/kalpana/links/l${index}`));
    }
    const { code, lines } = await folder.run(gc.ROOTS_SCRIPT);
    expect(code).toBe(0);
    expect(lines.filter((line) => !/^kalpana: (now|links|root) /.test(line))).toEqual([]);
    expectPathsOnly();
    const inventory = rootInventoryFrom(lines.map((line) => line.slice('kalpana: '.length)));
    expect(inventory.links.map(({ name }) => name).sort()).toEqual(HOSTILE_NAMES.map((_, index) => `l${index}`).sort());
    expect(inventory.generations).toEqual([]);
    for (const { path } of inventory.others) expect(storePathIn(path)).toBe(path);
  });

  it('weighs store paths only', async () => {
    const list = [...HOSTILE_NAMES, LIVE].map((name) => folder.path(`/nix/store/${name}`)).join('\n');
    const candidates = [...HOSTILE_NAMES, DEAD].map((name) => folder.path(`/nix/store/${name}`)).join('\n');
    const { code, lines } = await folder.run(gc.PRESSURE_SCRIPT, {
      KALPANA_FIRST: '1',
      KALPANA_KEEP: Buffer.from(list, 'latin1').toString(),
      KALPANA_CANDIDATES: Buffer.from(candidates, 'latin1').toString(),
    });
    expect(code).toBe(0);
    expectPathsOnly();
    for (const row of told(lines, 'own')) expect(storePathIn(row.split(' ')[0] ?? '')).toBe(row.split(' ')[0]);
    expect(told(lines, 'own')).toContain(`/nix/store/${DEAD} /nix/store/${DEAD} 1000`);
  });
});

describe('a path that is not there', () => {
  inFolder(beforeAll, afterAll);

  it('weighs nothing, and hides nothing that does', async () => {
    const [kept, candidate] = [LIVE, DEAD].map((name) => folder.path(`/nix/store/${name}`));
    const absent = folder.path(`/nix/store/${'c'.repeat(32)}-absent-unknown`);
    const { code, lines } = await folder.run(gc.PRESSURE_SCRIPT, {
      KALPANA_FIRST: '1',
      KALPANA_KEEP: `${absent}\n${kept}`,
      KALPANA_CANDIDATES: `${absent}\n${candidate}`,
    });
    expect({ code, base: told(lines, 'base'), own: told(lines, 'own') }).toEqual({
      code: 0,
      base: ['1000'],
      own: [`/nix/store/${DEAD} /nix/store/${DEAD} 1000`],
    });
  });
});

describe('the names that are reserved for a collection', () => {
  inFolder(beforeEach, afterEach);
  const reserve = '/nix/var/kalpana/reserve';

  it.each([
    ['few', 511, false],
    ['enough', 512, true],
  ])('are let go at its start where there are %s, and taken again at its end', async (_, free, stay) => {
    mkdirSync(folder.path(reserve), { recursive: true });
    writeFileSync(folder.path(`${reserve}/0`), '');
    writeFileSync(folder.path('/bin/stat'), `#!/bin/sh\necho ${free}\n`, { mode: 0o755 });
    expect((await folder.run(gc.ROOTS_SCRIPT)).code).toBe(0);
    expect(existsSync(folder.path(reserve))).toBe(stay);
    expect(await folder.run(gc.RELEASE_RUN_SCRIPT)).toEqual({ code: 0, lines: [] });
    expect(readdirSync(folder.path(reserve))).toHaveLength(512);
  });

  it('are as many as there are, where the disk has few', async () => {
    // A directory in the place of a file: the next name cannot be made.
    mkdirSync(folder.path(`${reserve}/3`), { recursive: true });
    expect(await folder.run(gc.RELEASE_RUN_SCRIPT)).toEqual({ code: 0, lines: [] });
    expect(readdirSync(folder.path(reserve)).sort()).toEqual(['0', '1', '2', '3']);
  });
});

describe('a change of roots', () => {
  inFolder(beforeAll, afterAll);

  const none = {
    KALPANA_PIN: '',
    KALPANA_RUN: '',
    KALPANA_EXPIRE: '',
    KALPANA_UNPIN: '',
    KALPANA_FORGET: '',
    KALPANA_COLLECTOR: '',
    KALPANA_GO: '',
  };
  const path = `/nix/store/${LIVE}`;

  const goOn = { KALPANA_COLLECTOR: '71', KALPANA_GO: '1' };

  it.each(['', '72\n'])('of a collection that has ended changes nothing, with another there: %j', async (other) => {
    if (other === '') rmSync(folder.path('/run/kalpana/gc/collector'), { force: true });
    else writeFileSync(folder.path('/run/kalpana/gc/collector'), other);
    const late = { ...none, KALPANA_RUN: `${folder.path(path)}\n`, ...goOn };
    const { code, lines } = await folder.run(gc.CHANGE_ROOTS_SCRIPT, late);
    expect({ code, lines }).toEqual({ code: 1, lines: ['the collection has ended'] });
    expect(existsSync(folder.path('/nix/var/nix/gcroots/kalpana/run'))).toBe(false);
    expect(readdirSync(folder.path('/run/kalpana/gc')).filter((name) => name.startsWith('go'))).toEqual([]);
  });

  it('makes the roots that it is given, and drops others', async () => {
    writeFileSync(folder.path('/run/kalpana/gc/collector'), '71\n');
    writeFileSync(folder.path('/nix/var/kalpana/links/old'), '');
    const { code, lines } = await folder.run(gc.CHANGE_ROOTS_SCRIPT, {
      ...none,
      KALPANA_PIN: `alice abc.${HASH} ${folder.path(path)}\n~some_box abc.${HASH} ${folder.path(path)}\n`,
      KALPANA_RUN: `${folder.path(path)}\n`,
      KALPANA_FORGET: 'old\n',
      ...goOn,
    });
    expect({ code, lines }).toEqual({ code: 0, lines: [] });
    for (const made of [`links/alice/abc.${HASH}`, `links/~some_box/abc.${HASH}`, `run/${LIVE}`])
      expect(lstatSync(folder.path(`/nix/var/nix/gcroots/kalpana/${made}`)).isSymbolicLink()).toBe(true);
    expect(existsSync(folder.path('/nix/var/kalpana/links/old'))).toBe(false);
    expect(existsSync(folder.path('/run/kalpana/gc/go.71'))).toBe(true);
    const unpin = { ...none, KALPANA_UNPIN: `alice/abc.${HASH}\n` };
    expect((await folder.run(gc.CHANGE_ROOTS_SCRIPT, unpin)).code).toBe(0);
    expect(readdirSync(folder.path('/nix/var/nix/gcroots/kalpana/links'))).toEqual(['~some_box']);
  });

  it.each([
    ['KALPANA_PIN', 'alice abc /nix/store/x'],
    ['KALPANA_PIN', `alice ../../../../abc PATH`],
    ['KALPANA_PIN', `.. abc PATH`],
    ['KALPANA_PIN', `-t abc PATH`],
    ['KALPANA_PIN', `alice abc PATH; reboot`],
    ['KALPANA_RUN', 'PATH/bin'],
    ['KALPANA_RUN', '/nix/store/* *'],
    ['KALPANA_RUN', 'PATH -rf'],
    ['KALPANA_EXPIRE', '../../victim'],
    ['KALPANA_EXPIRE', '*'],
    ['KALPANA_UNPIN', '../victim'],
    ['KALPANA_UNPIN', 'alice/../../victim'],
    ['KALPANA_FORGET', '../victim'],
    ['KALPANA_FORGET', '-rf'],
  ])('refuses %s=%s, and changes nothing', async (variable, value) => {
    rmSync(folder.path('/run/kalpana/gc/go.71'), { force: true });
    const victims = ['/nix/var/victim', '/nix/var/nix/victim', '/nix/var/kalpana/victim'];
    for (const victim of victims) mkdirSync(folder.path(victim), { recursive: true });
    for (const victim of victims) writeFileSync(folder.path(`${victim}/file`), '');
    const line = value.replace('PATH', folder.path(path));
    const { code, lines } = await folder.run(gc.CHANGE_ROOTS_SCRIPT, { ...none, [variable]: line, ...goOn });
    expect(code).not.toBe(0);
    expect(lines).toEqual([expect.stringContaining('unknown form')]);
    for (const victim of victims) expect(existsSync(folder.path(`${victim}/file`))).toBe(true);
    expect(existsSync(folder.path('/run/kalpana/gc/go.71'))).toBe(false);
  });
});

describe("an image's store with hostile names", () => {
  inFolder(beforeAll, afterAll);

  it('is imported without them', async () => {
    const staging = '/nix/var/kalpana/import/abc/nix/store';
    mkdirSync(folder.path(staging), { recursive: true });
    for (const name of [...HOSTILE_NAMES, PRETENDER, LIVE, DEAD])
      mkdirSync(Buffer.from(`${folder.path(staging)}/${name}`, 'latin1'));
    const { code, lines } = await folder.run(keeper.IMPORT_SCRIPT, { KALPANA_IMAGE: 'abc' });
    expect({ code, lines }).toEqual({ code: 0, lines: ['kalpana: imported 2'] });
    expect(readdirSync(folder.path('/nix/var/nix/gcroots/kalpana/images/abc')).sort()).toEqual([DEAD, LIVE].sort());
    expect(existsSync(folder.path('/nix/var/kalpana/import/abc'))).toBe(false);
  });
});
