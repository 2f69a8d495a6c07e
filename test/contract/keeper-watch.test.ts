import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadScript } from '../../controller/nix/keeper/load-script.js';
import { HOSTILE_NAMES } from '../support/gc/hostile-names.js';

// The watch over builds, under the machine's own sh, on files that stand for the kernel's. No process is ended here.
const WATCH = loadScript(new URL('../../controller/nix/keeper/scripts/watch.sh', import.meta.url));
const BUILDER = 30_003;
const UPTIME = 1_000_000;
const TIMEOUT = 3_600;
/** How much later than Nix the watch acts, with a second to spare. */
const LATER = 11;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kalpana-watch-'));
  for (const folder of ['proc', 'dev/pts', 'builds']) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'proc/uptime'), `${UPTIME}.25 7.00\n`);
  // Not a number: the kernel's other files are beside the processes.
  mkdirSync(join(root, 'proc/sys'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A process as the kernel shows it; `age` in seconds. `name` may be one that a build gave itself. */
function process(pid: number, { uid = BUILDER, age = 0, name = 'sh' } = {}): void {
  const folder = join(root, `proc/${pid}`);
  mkdirSync(folder);
  const numbers = Array.from({ length: 48 }, (_, index) => (index === 18 ? (UPTIME - age) * 100 : 7));
  writeFileSync(join(folder, 'stat'), Buffer.from(`${pid} (${name}) S ${numbers.join(' ')}\n`, 'latin1'));
  const escaped = name.replaceAll('\n', '\\n');
  const ids = `${uid}\t${uid}\t${uid}\t${uid}`;
  writeFileSync(join(folder, 'status'), Buffer.from(`Name:\t${escaped}\nPPid:\t1\nUid:\t${ids}\nGid:\t1\n`, 'latin1'));
  writeFileSync(join(folder, 'oom_score_adj'), '0\n');
}

/** Runs lines of the watch; gives what they said, with each signal as a line. A process that is ended goes. */
function run(lines: string, { builders = String(BUILDER), silent = TIMEOUT } = {}): string[] {
  const set = `set -eu; builders=" 30001 ${builders} 30010"; builds=${root}/builds; var=${root}
KALPANA_BUILD_SECONDS=${TIMEOUT}; KALPANA_SILENT_SECONDS=${silent}
signal() { echo "$1 $2"; [ "$1" != KILL ] || rm -rf "${root}/proc/$2"; }
`;
  const watch = WATCH.replaceAll('/proc/', `${root}/proc/`).replaceAll('/dev/pts/', `${root}/dev/pts/`);
  const output = execFileSync('/bin/sh', ['-c', `exec 2>&1\n${set}${watch}${lines}`]).toString('latin1');
  return output.split('\n').filter((line) => line !== '');
}

const ended = (lines: readonly string[]) =>
  lines.flatMap((line) => (line.startsWith('KILL ') ? [Number(line.slice(5))] : []));

describe('the time of a build', () => {
  it('ends all processes of its user, after they stand still, and nobody else', () => {
    process(10, { age: TIMEOUT + LATER });
    process(11, { age: 3 });
    process(12, { uid: 30_001, age: TIMEOUT });
    process(13, { uid: 0, age: 900_000 });
    process(14, { uid: 29_999, age: 900_000 });
    process(15, { uid: 300_030, age: 900_000 });
    expect(run('watch_times')).toEqual([
      `kalpana-keeper: ended the build of the user ${BUILDER}: it took longer than ${TIMEOUT} s`,
      ...['STOP 10', 'STOP 11', 'KILL 10', 'KILL 11'],
    ]);
    expect(existsSync(join(root, 'proc/12'))).toBe(true);
  });

  it('has not come before Nix itself has had its turn', () => {
    process(10, { age: TIMEOUT + LATER - 1 });
    expect(run('watch_times')).toEqual([]);
  });

  it.each([
    ['a bracket', 'a) b (c)'],
    ['all brackets', ')))))))))))))))'],
    ['numbers', ') S 1 1 1 1 1 1'],
    ['a line break', 'a\n) S 1 2 3 4'],
    ['a line of its own', 'a\nUid:\t0\t0\t0'],
    ['signs of the shell', '$(reboot); `x` *'],
    ['blanks only', '   '],
    ['nothing', ''],
    ['other bytes', '\u00ff\u00fe\u0001'],
  ])('is seen whatever the program calls itself: %s', (_what, name) => {
    process(10, { age: TIMEOUT + LATER, name });
    process(11, { age: 5, name });
    process(12, { uid: 30_001, age: 5, name });
    expect(ended(run('watch_times'))).toEqual([10, 11]);
  });

  it('is over for one that handed itself on, as long as Nix waits for the first process', () => {
    process(10, { age: TIMEOUT + LATER });
    rmSync(join(root, 'proc/10/oom_score_adj'));
    process(900, { age: 1 });
    expect(ended(run('watch_times'))).toEqual([10, 900]);
  });

  it('is not known of a process that has just ended', () => {
    process(10, { age: TIMEOUT + LATER });
    rmSync(join(root, 'proc/10/stat'));
    expect(run('watch_times')).toEqual([]);
  });

  it('does not matter to the kernel, which takes memory from builds first', () => {
    process(10);
    process(13, { uid: 0 });
    run('watch_times');
    expect([10, 13].map((pid) => readFileSync(join(root, `proc/${pid}/oom_score_adj`), 'latin1'))).toEqual([
      '1000\n',
      '0\n',
    ]);
  });
});

describe('the silence of a build', () => {
  const uid = String(globalThis.process.getuid?.() ?? 0);
  function terminal(silentFor: number): void {
    const path = join(root, 'dev/pts/0');
    writeFileSync(path, '');
    const at = Date.now() / 1_000 - silentFor;
    utimesSync(path, at, at);
  }

  it('ends it', () => {
    terminal(60 + LATER);
    process(10, { uid: Number(uid) });
    process(11);
    expect(run('watch_silence', { builders: uid, silent: 60 })).toEqual([
      `kalpana-keeper: ended the build of the user ${uid}: it printed nothing for 60 s`,
      ...['STOP 10', 'KILL 10'],
    ]);
  });

  it.each([
    ['Nix itself has not had its turn', 60 + LATER - 4, uid],
    ['the terminal is not that of a build', 900, '30003'],
  ])('is none when %s', (_what, silentFor, builders) => {
    terminal(silentFor);
    process(10, { uid: Number(builders) });
    expect(run('watch_silence', { builders, silent: 60 })).toEqual([]);
  });

  it('is none without any terminal', () => expect(run('watch_silence')).toEqual([]));
});

describe('directories of failed builds', () => {
  it('go, whatever they are called and hold, and those of builds under way stay', () => {
    const path = (name: string) => Buffer.concat([Buffer.from(`${root}/builds/`), Buffer.from(name, 'latin1')]);
    const names = HOSTILE_NAMES.filter((name) => !name.includes('/'));
    expect(names.length).toBeGreaterThan(3);
    for (const [index, name] of names.entries()) {
      mkdirSync(path(name), { recursive: true });
      writeFileSync(Buffer.concat([path(name), Buffer.from('/file')]), 'x');
      chmodSync(path(name), index === 0 ? 0o700 : 0o755);
    }
    expect(run('remove_kept')).toEqual([]);
    expect(names.filter((name) => existsSync(path(name)))).toEqual([names[0]]);
    expect(existsSync(join(root, 'proc'))).toBe(true);
  });
});

describe('the watch', () => {
  const twice = `watch_times() { echo times; }; watch_silence() { echo silence; }; remove_kept() { echo kept; }
rounds=; sleep() { rounds=$rounds.; [ "$rounds" != .. ] || exit 0; [ -z "$1" ] || mkdir "$builds/nix-build-a-0"; }
watch`;

  it('looks while a build has a directory, and starts nothing else', () => {
    expect(run(twice)).toEqual(['times', 'silence', 'kept']);
  });
});

describe("the volume's mark", () => {
  const watched = (more: string) =>
    run(
      `trap 'echo ends; exit 0' TERM; ${more}; (sleep() { command sleep 0.1; }; watch) & sleep 1; kill -KILL $!; echo goes on`,
    );

  it('ends a keeper that lives on with it', () => {
    expect(watched(': > $var/wipe')).toEqual(['kalpana-keeper: the volume is to be emptied', 'ends']);
  });

  it('is not there otherwise', () => {
    expect(watched('rm -f $var/wipe')).toEqual(['goes on']);
  });
});
