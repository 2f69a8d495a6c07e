// npm test: set-up, lint, types, every suite, on this Node and on Node 24; its engine is private and gone afterwards.
// For developers: `node deploy/setup/test.mjs [lint|unit|simulation|contract|e2e|demo|node24|stop]… [-- jest's arguments]`;
// KALPANA_TEST_KEEP_ENGINE=1 leaves the engine running, `stop` ends one left so.
import { ensureBuild } from './build.mjs';
import { ensureDependencies, ensureNode24 } from './dependencies.mjs';
import { checkDemo } from './demo-check.mjs';
import { GIT_PACKAGES, ensurePackages } from './packages.mjs';
import { checkNode, runMain, say } from './say.mjs';
import { endTestEngine, startTestEngine, sweepDeadRuns } from './test-engine.mjs';
import { summarize, testRun } from './test-runs.mjs';

const PARTS = ['lint', 'unit', 'simulation', 'contract', 'e2e', 'demo', 'node24'];
const IN_PROCESS = ['unit', 'simulation', 'contract'];

function readArguments(argv) {
  const end = argv.indexOf('--');
  const names = end < 0 ? argv : argv.slice(0, end);
  const unknown = names.find((name) => ![...PARTS, 'stop'].includes(name));
  if (unknown !== undefined) {
    say(`unknown part ${unknown}: give any of ${PARTS.join(', ')}, stop`);
    process.exit(2);
  }
  return { parts: names.length > 0 ? names : PARTS, jestArgs: end < 0 ? [] : argv.slice(end + 1) };
}

async function main() {
  const { parts, jestArgs } = readArguments(process.argv.slice(2));
  if (parts.includes('stop')) return sweepDeadRuns({ kept: true });
  const startedAt = performance.now();
  const run = testRun();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => run.stop(signal));
  try {
    checkNode();
    if (await run.part('dependencies', ensureDependencies)) await runParts(run, new Set(parts), jestArgs);
  } finally {
    await endEngine(run);
  }
  const code = summarize(run.results, startedAt);
  return run.stoppedBy() ? 130 : code;
}

async function runParts(run, parts, jestArgs) {
  const needsEngine = parts.has('e2e') || parts.has('demo');
  const engineUnderWay = needsEngine ? startEngine(run) : undefined;
  const node24UnderWay = parts.has('node24') ? ensureNode24().catch((error) => error) : undefined;
  if (needsEngine) await run.part('build', ensureBuild);
  if (parts.has('lint')) await checkSources(run);
  const engine = await engineUnderWay;
  const demo = engine && parts.has('demo') ? run.part('demo', (result) => checkDemo(result, engine, run)) : undefined;
  const projects = IN_PROCESS.filter((name) => parts.has(name));
  if (projects.includes('contract'))
    await run.part('git', () => ensurePackages(GIT_PACKAGES, 'run the contract tests on real repositories'));
  if (projects.length > 0)
    await run.part(projects.join(', '), (result) => run.jest(result, { projects, args: jestArgs }));
  if (node24UnderWay) await runOnNode24(run, await node24UnderWay, jestArgs);
  await demo; // before the suites that measure time
  if (engine && parts.has('e2e')) {
    await run.part('e2e', (result) =>
      run.jest(result, {
        projects: ['e2e'],
        args: ['--maxWorkers=2', ...jestArgs],
        wrap: engine.command,
        env: engine.env,
      }),
    );
    if (process.env.KALPANA_TEST_KEEP_ENGINE) engine.keep();
  }
}

async function startEngine(run) {
  return run.part('engine', async (result) => {
    const engine = await startTestEngine({ which: 'own', keeper: 'trixie' });
    result.note = engine.name;
    return engine;
  });
}

/** Two at a time: the machine we plan for has two cores. */
async function checkSources(run) {
  const lint = run.part('lint', () => run.tool(['node_modules/eslint/bin/eslint.js', '.']));
  await run.part('generated types', () => run.tool(['deploy/setup/generate-types.mjs', '--check']));
  await run.part('generated reference', () => run.tool(['deploy/setup/generate-reference.mjs', '--check']));
  await run.part('documents', () => run.tool(['deploy/setup/check-links.mjs']));
  await run.part('type check', () => run.tool(['node_modules/typescript/bin/tsc', '--noEmit']));
  await lint;
}

async function runOnNode24(run, node24, jestArgs) {
  if (node24 instanceof Error) return say(`skipped: the run on Node 24 (${node24.message})`);
  await run.part('Node 24: unit, simulation, contract', (result) =>
    run.jest(result, { projects: IN_PROCESS, node: node24, args: jestArgs }),
  );
}

/** Also after a signal and a failed start; what can't be ended is a failure of the run. */
async function endEngine(run) {
  try {
    const kept = await endTestEngine();
    if (kept) say(kept);
  } catch (error) {
    run.results.push({
      name: 'end of the engine',
      ok: false,
      passed: 0,
      failed: 1,
      skipped: 0,
      time: '',
      note: error.message,
    });
  }
}

await runMain(main);
