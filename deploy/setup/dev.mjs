// npm run dev: npm start, with the controller compiled and started again at each change of controller/. Arguments after
// -- go to `kalpana run`.
import { spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { stampBuild } from './build.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { root } from './paths.mjs';
import { checkNode, runMain, say } from './say.mjs';

/** One save may be several events; a branch that is checked out is hundreds. */
const QUIET_MS = 100;

async function main() {
  checkNode();
  await ensureDependencies();
  const controller = restartable(process.argv.slice(2));
  const compiler = compileOnChange(() => controller.restart());
  // What is read as it is: pages, scripts.
  const files = watch(join(root, 'controller'), { recursive: true }, (_event, name) => {
    if (name !== null && !name.endsWith('.ts')) controller.restart();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => controller.end(signal));
  await controller.ended;
  files.close();
  compiler.kill();
}

/** The compiler in its watch mode; `onBuilt` is told of each time that everything compiled. */
function compileOnChange(onBuilt) {
  const words = ['node_modules/typescript/bin/tsc', '-p', 'controller', '--watch', '--preserveWatchOutput'];
  const compiler = spawn(process.execPath, words, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface(compiler.stdout).on('line', (line) => {
    if (line.includes('Found 0 errors')) {
      stampBuild();
      onBuilt();
    } else if (line.includes('error')) say(line);
  });
  return compiler;
}

/** `npm start`, which finds all but the controller as it left it: one at a time, a new one once the old has ended. */
function restartable(args) {
  let child = null;
  let isEnding = false;
  let turn = 0;
  let settle;
  const ended = new Promise((resolve) => (settle = resolve));

  function start() {
    child = spawn(process.execPath, ['deploy/setup/start.mjs', ...args], { cwd: root, stdio: 'inherit' });
    // One that ended by itself is started again by the next change.
    child.once('exit', () => {
      child = null;
      if (isEnding) settle();
    });
  }

  async function restart() {
    const mine = (turn += 1);
    await delay(QUIET_MS);
    if (mine !== turn || isEnding) return;
    if (child === null) return start();
    child.once('exit', () => isEnding || start());
    child.kill('SIGTERM');
  }

  function end(signal) {
    isEnding = true;
    if (child === null) settle();
    // A terminal sends Ctrl-C to the child, too.
    else if (!(signal === 'SIGINT' && process.stdin.isTTY)) child.kill(signal);
  }

  return { restart, end, ended };
}

await runMain(main);
