// npm run demo:clean: removes what the demo made, and nothing else. On a person's own engine that is what carries our
// labels and an example's name; the private engine goes as a whole. Safe to repeat.
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { cleanEngine } from './clean-engine.mjs';
import { layoutOf, privateEnginePid } from './engine.mjs';
import { stopPrivateEngine } from './engine-stop.mjs';
import { findEngine } from './find-engine.mjs';
import { cacheDir, demoEngineDir, demoSpecsDir, root, specsDir, startPidFile, stateDir } from './paths.mjs';
import { commandLineOf } from './processes.mjs';
import { SetupError, runMain, say } from './say.mjs';

async function main() {
  refuseWhileRunning();
  const removed = [];
  const { engine } = await findEngine();
  if (engine) removed.push(...(await cleanEngine(engine, exampleSpecs())));
  removed.push(...(await removePrivateEngine()));
  for (const path of [stateDir, dirname(demoSpecsDir), ...cachedImages()]) {
    if (!existsSync(path)) continue;
    rmSync(path, { recursive: true, force: true });
    removed.push(relative(root, path));
  }
  for (const line of removed) say(`removed ${line}`);
  say(
    removed.length === 0
      ? 'nothing of the demo is left'
      : 'the demo is gone; node_modules, dist and installed packages stay',
  );
}

/** A running controller would make again what we remove. */
function refuseWhileRunning() {
  const pid = existsSync(startPidFile) ? Number(readFileSync(startPidFile, 'utf8')) : 0;
  const isRunning = commandLineOf(pid).some((word) => word.endsWith('setup/start.mjs'));
  if (isRunning) throw new SetupError(`npm start still runs here (process ${pid}): end it with Ctrl-C first`);
  rmSync(startPidFile, { force: true });
}

/**
 * Names and shared volumes of the examples, also of those a person added while trying; what can't be read is not ours
 * to guess.
 */
function exampleSpecs() {
  return readdirSync(specsDir)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      try {
        const object = JSON.parse(readFileSync(join(specsDir, name), 'utf8'));
        return object.kind === 'List' ? object.items : [object];
      } catch {
        say(`warning: ${name} is no JSON: its workspace, if any, is left alone`);
        return [];
      }
    });
}

async function removePrivateEngine() {
  if (!existsSync(demoEngineDir)) return [];
  const wasRunning = privateEnginePid(demoEngineDir) !== null;
  const left = await stopPrivateEngine({ dir: demoEngineDir, empty: true });
  if (left.processes.length + left.mounts.length > 0) {
    throw new SetupError(
      `could not end all of the private engine: processes ${left.processes.join(' ')}, ` +
        `mounts ${left.mounts.join(' ')}; see ${layoutOf(demoEngineDir).log}`,
    );
  }
  rmSync(demoEngineDir, { recursive: true, force: true });
  return [`the private engine with all it held (.kalpana/engine${wasRunning ? ', it was running' : ''})`];
}

function cachedImages() {
  if (!existsSync(cacheDir)) return [];
  return readdirSync(cacheDir)
    .filter((name) => /^((workspace|nix-keeper)-rootfs|nix-fixture-demo)-/.test(name))
    .map((name) => join(cacheDir, name));
}

await runMain(main);
