// npm start: from a fresh clone to the example workspaces running. Arguments after -- go to `kalpana run`.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ensureBuild } from './build.mjs';
import { ensureDemoPackages } from './demo-packages.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { runningPrivateEngine, startPrivateEngine } from './engine.mjs';
import { stopPrivateEngine } from './engine-stop.mjs';
import { findEngine } from './find-engine.mjs';
import { ensureKeeperImage } from './keeper-image.mjs';
import { takeLock, underLock } from './lock.mjs';
import { ENGINE_PACKAGES, ensurePackages } from './packages.mjs';
import {
  demoEngineDir,
  demoSpecsDir,
  kalpanaDir,
  root,
  secretsDir,
  setupLock,
  specsDir,
  startLock,
  startPidFile,
  stateDir,
} from './paths.mjs';
import { SetupError, checkNode, runMain, say, step } from './say.mjs';
import { undoOnSignals } from './undo.mjs';
import { ensureWorkspaceImage } from './workspace-image.mjs';

async function main() {
  checkNode();
  const release = await takeLock(startLock, { wait: false });
  if (release === null)
    throw new SetupError(
      'npm start already runs in this clone: see `npx kalpana get workspaces --state-dir .kalpana/state`, ' +
        'or end it with Ctrl-C first',
    );
  const noMore = undoOnSignals();
  await underLock(setupLock, async () => {
    await step('dependencies', ensureDependencies);
    await step('build', ensureBuild);
  });
  const engine = await chooseEngine();
  await step('demo images', () => ensureImages(engine));
  await step('demo packages', () => ensureDemoPackages(engine));
  noMore();
  return runController(engine, await freeAddress(), process.argv.slice(2));
}

/** Where /metrics and the API are served: the default, or a free port where another controller has that. */
function freeAddress() {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve('127.0.0.1:0'));
    server.listen(9464, '127.0.0.1', () => server.close(() => resolve('127.0.0.1:9464')));
  });
}

/** The engine in use, else a private one; that it is private is said, for docker commands need to be told of it. */
async function chooseEngine() {
  const { engine, problem } = await findEngine();
  if (engine) {
    await step('engine', async () => `${engine.host}, from ${engine.said}`);
    return engine;
  }
  const running = await runningPrivateEngine(demoEngineDir);
  if (running === null) {
    say(`${problem}; using a private one with its data in .kalpana/engine`);
    // A person who may not start an engine is told that, not what to install.
    if (process.getuid?.() === 0) await step('packages', () => ensurePackages(ENGINE_PACKAGES, 'run a private engine'));
  }
  let host = running;
  await step('engine', async () => {
    if (host === null) host = await startEngine();
    return `${host}, private (docker commands: export DOCKER_HOST=${host})`;
  });
  return { host, isPrivate: true };
}

/** Side by side: each waits for a registry first, or for half a minute of unpacking. */
async function ensureImages(engine) {
  const done = await Promise.allSettled([ensureWorkspaceImage(engine), ensureKeeperImage(engine)]);
  const failed = done.find(({ status }) => status === 'rejected');
  if (failed) throw failed.reason;
  return (
    done
      .map(({ value }) => value)
      .filter(Boolean)
      .join(', ') || undefined
  );
}

async function startEngine() {
  try {
    return (await startPrivateEngine({ dir: demoEngineDir, pool: '10.213.0.0/16' })).host;
  } catch (error) {
    await stopPrivateEngine({ dir: demoEngineDir });
    throw error;
  }
}

/** Runs the controller to its end and passes its exit code on. */
async function runController(engine, address, args) {
  mkdirSync(kalpanaDir, { recursive: true });
  writeFileSync(startPidFile, String(process.pid));
  const env = { ...process.env };
  if (engine.isPrivate) {
    for (const name of ['DOCKER_CONTEXT', 'DOCKER_TLS', 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH']) delete env[name];
    env.DOCKER_HOST = engine.host;
  }
  // A person at a terminal sees the progress; a log between its lines would hide it.
  const logLevel = process.stdout.isTTY ? ['--log-level', 'error'] : [];
  const command = [
    join(root, 'dist/main.js'),
    'run',
    '--specs',
    specsDir,
    '--specs',
    demoSpecsDir,
    '--secrets-dir',
    secretsDir,
    '--state-dir',
    stateDir,
    '--listen',
    address,
    ...logLevel,
    ...args,
  ];
  const relative = command.map((word) => word.replace(`${root}/`, ''));
  say(`controller     node ${relative.join(' ')}`);
  const code = await runAgainWhenTold(() => spawn(process.execPath, relative, { stdio: 'inherit', env, cwd: root }));
  rmSync(startPidFile, { force: true });
  say(
    'The workspaces keep running. `npm start` goes on with them; ' +
      '`npm run demo:clean` removes all that the demo made.',
  );
  return code;
}

/** The exit code of the last controller that `start` gave: `npm run dev` tells when another one is to follow. */
function runAgainWhenTold(start) {
  let isWanted = true;
  let child;
  // On a terminal Ctrl-C reaches the controller by itself; a second copy would mean "at once".
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  process.on('message', () => {
    isWanted = true;
    child.kill('SIGTERM');
  });
  process.channel?.unref();
  return new Promise((resolve, reject) => {
    const next = () => {
      isWanted = false;
      child = start();
      child.on('error', reject);
      child.on('exit', (code, signal) => (isWanted ? next() : resolve(code ?? (signal === null ? 0 : 1))));
    };
    next();
  });
}

await runMain(main);
