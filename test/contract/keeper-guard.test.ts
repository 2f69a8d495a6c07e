import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import * as gc from '../../controller/nix/gc/gc-scripts.js';
import { KEEPER_SCRIPT } from '../../controller/nix/keeper/scripts.js';
import { eventually } from '../support/e2e/eventually.js';
import { createKeeperFolder, type KeeperFolder } from '../support/nix/keeper-folder.js';

// The keeper's own process, from the start of its daemon on, beside a real collector, under the machine's own sh.
const KEEPER = `set -eu
var=/nix/var/kalpana
builders=
builds=$var/builds
exec 9>>/nix/var/nix/gc.lock
flock -s 9
echo $$ > "$var/running"
(exec sleep 60 9>&-) &
daemon=$!
echo "$daemon" > "$var/daemon"
${KEEPER_SCRIPT.slice(KEEPER_SCRIPT.indexOf('gc=/run/kalpana/gc'))
  .replace('watch 9>&- &\n', '')
  .replace('  code=0\n', '  code=0\n  : > "$var/up"\n')}`;
const COLLECT = { KALPANA_MODE: 'collect', KALPANA_GO_SECONDS: '60', KALPANA_MAX_FREED: '', KALPANA_GRACE: '0' };
const GO = 'cd /run/kalpana/gc; : > "go.$(cat collector)"; echo 1<> to-collector';
const WITHIN = { withinMs: 8_000 };
const DEAD = `${'d'.repeat(32)}-dead`;

let folder: KeeperFolder;
beforeEach(async () => {
  folder = createKeeperFolder(KEEPER);
  await eventually(() => expect(existsSync(folder.path('/nix/var/kalpana/up'))).toBe(true), WITHIN);
});
afterEach(() => {
  execFileSync('kill', ['-KILL', readFileSync(folder.path('/nix/var/kalpana/daemon'), 'utf8').trim()]);
  folder.remove();
});

function startCollector() {
  const child = folder.start(gc.COLLECT_SCRIPT, COLLECT);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => void (text += chunk.toString()));
  return {
    child,
    ended: new Promise<number | null>((resolve) => child.once('exit', resolve)),
    saying: (word: string) => eventually(() => expect(text).toContain(`kalpana: ${word}`), WITHIN),
  };
}

async function collects(beforeGo = async () => {}): Promise<void> {
  folder.lay(DEAD);
  const { ended, saying } = startCollector();
  await saying('frozen');
  await beforeGo();
  await folder.run(GO);
  expect(await ended).toBe(0);
  expect(folder.entries()).not.toContain(DEAD);
}

/** The keeper holds its lock, and nothing stands still. */
async function expectHeld(): Promise<void> {
  const daemon = readFileSync(folder.path('/nix/var/kalpana/daemon'), 'utf8').trim();
  await eventually(async () => {
    const { lines } = await folder.run('flock -n -x /nix/var/nix/gc.lock true && echo free');
    expect(lines).toEqual([]);
    expect(existsSync(folder.path('/run/kalpana/gc/frozen'))).toBe(false);
    expect(readFileSync(`/proc/${daemon}/status`, 'utf8')).toMatch(/^State:\tS/m);
  }, WITHIN);
}

it.each(['frozen', 'live'])(
  'a collector killed at its word %j holds up neither the keeper nor the next one',
  async (word) => {
    const first = startCollector();
    await first.saying('frozen');
    if (word !== 'frozen') await folder.run(GO);
    await first.saying(word);
    first.child.kill('SIGKILL');
    await first.ended;
    await collects();
    await expectHeld();
    expect((await folder.run(gc.RELEASE_RUN_SCRIPT)).code).toBe(0);
  },
);

it('the word to go on of a run that has ended is not heard by the next one', async () => {
  const first = startCollector();
  await first.saying('frozen');
  const late = readFileSync(folder.path('/run/kalpana/gc/collector'), 'utf8').trim();
  first.child.kill('SIGKILL');
  await first.ended;
  await collects(async () => {
    await folder.run(`: > /run/kalpana/gc/go.${late}; echo 1<> /run/kalpana/gc/to-collector; sleep 1`);
    expect(folder.entries()).toContain(DEAD);
  });
  await expectHeld();
});
