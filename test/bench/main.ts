import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Bench } from './bench.js';
import { measureCache } from './cache.js';
import { measureCold } from './cold.js';
import { watchEngine } from './engine-watch.js';
import { measureGc } from './gc.js';
import { measureGit } from './git.js';
import { measureIdle } from './idle.js';
import { measureNothing } from './nothing.js';
import { readOptions, USAGE, type BenchOptions, type Stage } from './options.js';
import { measureParse } from './parse.js';
import { ensureNetwork, emptyEngine, openEngine } from './raw-engine.js';
import { measureRepair } from './repair.js';
import { createReport } from './report.js';
import { measureScale } from './scale.js';
import { benchNames, plainSpec, readDesired, writeSpecs } from './specs.js';

const MEASURES: Readonly<Record<Stage, (bench: Bench) => Promise<void>>> = {
  cold: measureCold,
  nothing: measureNothing,
  repair: measureRepair,
  cache: measureCache,
  gc: measureGc,
  git: measureGit,
  parse: measureParse,
  idle: measureIdle,
  scale: measureScale,
};

/** Runs on an engine of its own, which it empties: never point it at one that is in use. */
async function main(options: BenchOptions): Promise<void> {
  const host = process.env['KALPANA_BENCH_DOCKER_HOST'] ?? '';
  if (host === '') throw new Error('KALPANA_BENCH_DOCKER_HOST is not set: run "npm run bench"');
  const scratch = mkdtempSync(join(tmpdir(), 'kalpana-bench-'));
  const fresh = (name: string) => mkdtempSync(join(scratch, `${name}-`));
  const controllers = options.controllers.map((file) => resolve(file));
  const engine = openEngine(host);
  const watch = await watchEngine(engine.socketPath);
  const report = createReport((text) => void process.stdout.write(text));
  try {
    const specs = writeSpecs(fresh('specs'), benchNames(options.workspaces), plainSpec);
    const desired = await readDesired(controllers[0]!, specs);
    const compose = process.env['KALPANA_BENCH_COMPOSE'] || null;
    const nix = {
      directory: process.env['KALPANA_BENCH_NIX_CACHE'] ?? '',
      publicKey: process.env['KALPANA_BENCH_NIX_KEY'] ?? '',
      nixpkgs: process.env['KALPANA_BENCH_NIXPKGS'] ?? '',
    };
    const bench: Bench = {
      options: { ...options, controllers },
      host,
      engine,
      watch,
      report,
      compose,
      nix,
      main: controllers[0]!,
      specs,
      desired,
      fresh,
    };
    await ensureNetwork(engine);
    const { Version: version } = await engine.call<{ readonly Version: string }>('GET', '/version');
    report.say(
      `Docker ${version}, Node ${process.versions.node}, ${cpus().length} cores, load ${loadavg()[0]!.toFixed(1)}; compose: ${compose ?? 'none'}`,
    );
    for (const stage of options.stages) await MEASURES[stage](bench);
    report.goals();
  } finally {
    await emptyEngine(engine, watch).catch(() => undefined);
    watch.close();
    engine.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

function optionsOrExit(): BenchOptions {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

main(optionsOrExit()).catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
