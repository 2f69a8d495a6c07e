// npm run bench: an engine of its own, compose where it can be had, then test/bench/main.ts. Arguments after -- go to
// it.
import { spawn } from 'node:child_process';
import { ensureBenchBuild, ensureBuild } from './build.mjs';
import { ensureCompose } from './compose.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { ensureNixFixture } from './nix-fixture.mjs';
import { benchPackages } from './nix-fixture-packages.mjs';
import { ENGINE_PACKAGES, ensurePackages } from './packages.mjs';
import { root } from './paths.mjs';
import { checkNode, runMain, say, step } from './say.mjs';
import { endTestEngine, startTestEngine } from './test-engine.mjs';

async function main() {
  checkNode();
  await step('dependencies', ensureDependencies);
  await step('packages', () => ensurePackages(ENGINE_PACKAGES, 'run the bench on a real engine'));
  await step(
    'build',
    async () => (await Promise.all([ensureBuild(), ensureBenchBuild()])).filter(Boolean).join(', ') || undefined,
  );
  let compose;
  await step('compose', async () => (compose = await ensureCompose()).note);
  let engine;
  await step('engine', async () => (engine = await startTestEngine({ pool: '10.216.0.0/16' })).host);
  try {
    let fixture;
    await step('binary cache', async () => (fixture = await ensureNixFixture(engine.host, benchPackages)).cache);
    return await runBench(engine, compose, fixture);
  } finally {
    await endTestEngine();
  }
}

function runBench(engine, compose, fixture) {
  const [command, ...args] = engine.command([
    process.execPath,
    '.kalpana/bench-build/test/bench/main.js',
    ...process.argv.slice(2),
  ]);
  const nix = {
    KALPANA_BENCH_NIX_CACHE: fixture.cache,
    KALPANA_BENCH_NIX_KEY: fixture.publicKey,
    KALPANA_BENCH_NIXPKGS: fixture.nixpkgs,
  };
  const env = {
    ...process.env,
    ...nix,
    KALPANA_BENCH_DOCKER_HOST: engine.host,
    KALPANA_BENCH_COMPOSE: compose.program,
    DOCKER_HOST: engine.host,
  };
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, stdio: 'inherit', detached: true });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.kill(-child.pid, signal));
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (signal !== null) say(`the bench ended with ${signal}`);
      resolve(code ?? 1);
    });
  });
}

await runMain(main);
