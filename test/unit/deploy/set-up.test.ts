import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { variants } from '../../support/cases.js';

const setup = fileURLToPath(new URL('../../../deploy/setup/', import.meta.url));
let dir: string;
const children: ChildProcess[] = [];
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'kalpana-set-up-'))));
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

/** A script of the set-up as a process of its own: its output so far, and how it ended. */
function script(source: string): {
  child: ChildProcess;
  said: (text: string) => Promise<void>;
  ended: Promise<number>;
} {
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { cwd: dir, stdio: 'pipe' });
  children.push(child);
  let out = '';
  const ended = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? -1)));
  const said = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => (out.includes(text) ? resolve() : undefined);
      child.stdout!.on('data', look);
      void ended.then((code) => (out.includes(text) ? resolve() : reject(new Error(`ended with ${code}: ${out}`))));
      look();
    });
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk: Buffer) => (out += chunk.toString()));
  return { child, said, ended };
}

const from = (file: string) => JSON.stringify(join(setup, file));

describe('what a signal interrupts', () => {
  const maker = `
    import { makeWhole } from ${from('making.mjs')};
    import { run } from ${from('processes.mjs')};
    import { undoOnSignals } from ${from('undo.mjs')};
    undoOnSignals();
    await makeWhole('out/made', async (path) => {
      await run('sh', ['-c', 'echo half > ' + path + '; echo $$ > pid; trap "" TERM; while :; do sleep 0.1; done'], {
        onStart: () => console.log('begun'),
      });
    });`;

  const SIGNALS = [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 143],
  ] as const;
  it.each(variants(SIGNALS, 2))('leaves neither a half-made file nor a command behind: %s', async (signal, code) => {
    const { child, said, ended } = script(maker);
    await said('begun');
    await eventually(() => existsSync(join(dir, 'pid')) && readdirSync(join(dir, 'out')).length === 1);
    child.kill(signal);
    expect(await ended).toBe(code);
    expect(readdirSync(join(dir, 'out'))).toEqual([]);
    expect(isAlive(Number(readFileSync(join(dir, 'pid'), 'utf8')))).toBe(false);
  });

  it('is swept by the next start where the process was killed', async () => {
    const { child, said, ended } = script(maker);
    await said('begun');
    await eventually(() => existsSync(join(dir, 'pid')) && readdirSync(join(dir, 'out')).length === 1);
    child.kill('SIGKILL');
    await ended;
    process.kill(Number(readFileSync(join(dir, 'pid'), 'utf8')), 'SIGKILL');
    const next = script(`
      import { writeFileSync } from 'node:fs';
      import { makeWhole } from ${from('making.mjs')};
      await makeWhole('out/made', async (path) => writeFileSync(path, 'whole'));`);
    expect(await next.ended).toBe(0);
    expect(readdirSync(join(dir, 'out'))).toEqual(['made']);
    expect(readFileSync(join(dir, 'out/made'), 'utf8')).toBe('whole');
  });
});

describe('two starts at once', () => {
  const taker = `
    import { takeLock } from ${from('lock.mjs')};
    const release = await takeLock('the.lock', { wait: false });
    console.log(release === null ? 'refused' : 'taken');
    if (release !== null) await new Promise((resolve) => process.stdin.once('data', resolve));
    await release?.();
    process.exit(0);`;

  it('the second is refused while the first runs, and not afterwards', async () => {
    const first = script(taker);
    await first.said('taken');
    await script(taker).said('refused');
    first.child.stdin!.write('go on');
    expect(await first.ended).toBe(0);
    await script(taker).said('taken');
  });

  it('a lock goes with the process that was killed', async () => {
    const first = script(taker);
    await first.said('taken');
    first.child.kill('SIGKILL');
    await first.ended;
    await eventually(async () => {
      const next = script(taker);
      await Promise.race([next.said('taken'), next.said('refused')]);
      const isTaken = await Promise.race([next.said('taken').then(() => true), next.ended.then(() => false)]).catch(
        () => false,
      );
      next.child.kill('SIGKILL');
      return isTaken;
    });
  });

  it('those that wait come one after the other', async () => {
    writeFileSync(join(dir, 'log'), '');
    const worker = (name: string) =>
      script(`
        import { appendFileSync } from 'node:fs';
        import { underLock } from ${from('lock.mjs')};
        await underLock('the.lock', async () => {
          appendFileSync('log', '${name} begins\\n');
          await new Promise((resolve) => setTimeout(resolve, 200));
          appendFileSync('log', '${name} ends\\n');
        });`);
    expect(await Promise.all(['a', 'b', 'c'].map((name) => worker(name).ended))).toEqual([0, 0, 0]);
    const lines = readFileSync(join(dir, 'log'), 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(6);
    for (let pair = 0; pair < 6; pair += 2) expect(lines[pair + 1]).toBe(lines[pair]!.replace('begins', 'ends'));
  });
});

it('the demo asks the defaults of a cache where they are', () => {
  const text = readFileSync(join(setup, 'demo-packages.mjs'), 'utf8');
  const module = /'dist\/(\S+)\.js'/.exec(text)?.[1];
  expect(existsSync(join(setup, `../../controller/${module}.ts`))).toBe(true);
});

function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error('it did not come to that within 30 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
