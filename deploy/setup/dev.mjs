// npm run dev: npm start, with the controller compiled and started again at each change of controller/. Arguments after
// -- go to `kalpana run`. What changed is translated file by file and runs at once; its types are checked beside it.
import { spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ensureBuild, forgetBuild } from './build.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { root } from './paths.mjs';
import { checkNode, runMain, say } from './say.mjs';
import { translate } from './translate.mjs';

/** One save may be several events; a branch that is checked out is hundreds. */
const QUIET_MS = 50;

async function main() {
  checkNode();
  await ensureDependencies();
  await ensureBuild();
  const controller = startedAgain(process.argv.slice(2));
  const types = checkTypes();
  const files = onChange((names) => {
    // What lies in dist/ from now on was not checked: the next `npm start` compiles all of it.
    forgetBuild();
    const faults = translate(names);
    for (const fault of faults) say(fault);
    if (faults.length === 0) controller.restart();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => controller.end(signal));
  await controller.ended;
  files.close();
  types.kill();
}

/** Calls `report` with the names below controller/ that changed, together once it is quiet. */
function onChange(report) {
  const names = new Set();
  let timer;
  return watch(join(root, 'controller'), { recursive: true }, (_event, name) => {
    if (name === null) return;
    names.add(name);
    clearTimeout(timer);
    timer = setTimeout(() => {
      const changed = [...names];
      names.clear();
      report(changed);
    }, QUIET_MS);
  });
}

/** The compiler in its watch mode, which says what is wrong and writes nothing. */
function checkTypes() {
  const words = ['-p', 'controller', '--noEmit', '--incremental', 'false', '--watch', '--preserveWatchOutput'];
  const compiler = spawn(process.execPath, ['node_modules/typescript/bin/tsc', ...words], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface(compiler.stdout).on('line', (line) => {
    if (line.includes('error') && !line.includes('Found 0 errors')) say(line);
  });
  return compiler;
}

/** `npm start`, which starts its controller again when it is told to; one that has ended is started by a change. */
function startedAgain(args) {
  let isEnding = false;
  let child;
  let settle;
  const ended = new Promise((resolve) => (settle = resolve));
  start();

  function start() {
    child = spawn(process.execPath, ['deploy/setup/start.mjs', ...args], {
      cwd: root,
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    });
    child.once('exit', () => {
      child = null;
      if (isEnding) settle();
    });
  }

  function restart() {
    if (isEnding) return;
    if (child === null) start();
    else child.send('restart');
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
