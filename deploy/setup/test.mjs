// npm test: set-up, lint, types, every suite, on this Node and on Node 24; its engine is private and gone afterwards.
// For developers: `node deploy/setup/test.mjs [lint|unit|simulation|contract|e2e|demo|node24|stop]… [-- jest's arguments]`;
// KALPANA_TEST_KEEP_ENGINE=1 leaves the engine running, `stop` ends one left so.
import { ensureBuild } from './build.mjs';
import { ensureDependencies, ensureNode24 } from './dependencies.mjs';
import { checkDemo } from './demo-check.mjs';
import { ENGINE_PACKAGES, ensurePackages } from './packages.mjs';
import { checkNode, runMain, say } from './say.mjs';
import { startTestEngine, sweepDeadRuns } from './test-engine.mjs';
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
  let engine;
  try {
    checkNode();
    if (await run.part('dependencies', ensureDependencies)) engine = await runParts(run, new Set(parts), jestArgs);
  } finally {
    if (engine) await run.part('stop the engine', () => endEngine(engine));
  }
  const code = summarize(run.results, startedAt);
  return run.stoppedBy() ? 130 : code;
}

/** Gives the engine, which is to be stopped, when one was started. */
async function runParts(run, parts, jestArgs) {
  const needsEngine = parts.has('e2e') || parts.has('demo');
  const engineUnderWay = needsEngine ? startEngine(run) : undefined;
  const node24UnderWay = parts.has('node24') ? ensureNode24().catch((error) => error) : undefined;
  if (needsEngine) await run.part('build', ensureBuild);
  if (parts.has('lint')) await checkSources(run);
  const engine = await engineUnderWay;
  const demo = engine && parts.has('demo') ? run.part('demo', (result) => checkDemo(result, engine, run)) : undefined;
  const projects = IN_PROCESS.filter((name) => parts.has(name));
  if (projects.length > 0) await run.part(projects.join(', '), (result) => run.jest(result, { projects, args: jestArgs }));
  if (node24UnderWay) await runOnNode24(run, await node24UnderWay, jestArgs);
  await demo; // before the suites that measure time
  if (engine && parts.has('e2e')) {
    await run.part('e2e', (result) =>
      run.jest(result, { projects: ['e2e'], args: ['--maxWorkers=2', ...jestArgs], wrap: engine.command, env: engine.env }),
    );
  }
  return engine;
}

async function startEngine(run) {
  if (!(await run.part('packages', () => ensurePackages(ENGINE_PACKAGES, 'run the tests on a real engine')))) return undefined;
  return run.part('engine', startTestEngine);
}

/** Two at a time: the machine we plan for has two cores. */
async function checkSources(run) {
  const lint = run.part('lint', () => run.tool(['node_modules/eslint/bin/eslint.js', '.']));
  await run.part('generated types', () => run.tool(['deploy/setup/generate-types.mjs', '--check']));
  await run.part('type check', () => run.tool(['node_modules/typescript/bin/tsc', '--noEmit']));
  await lint;
}

async function runOnNode24(run, node24, jestArgs) {
  if (node24 instanceof Error) return say(`skipped: the run on Node 24 (${node24.message})`);
  await run.part('Node 24: unit, simulation, contract', (result) => run.jest(result, { projects: IN_PROCESS, node: node24, args: jestArgs }));
}

async function endEngine(engine) {
  if (!process.env.KALPANA_TEST_KEEP_ENGINE) return engine.stop();
  engine.keep();
  const command = engine.command(['env', ...Object.entries(engine.env).map((pair) => pair.join('=')), 'npm', 'run', 'jest', '--', '--selectProjects', 'e2e']);
  say(`the engine still runs at ${engine.host}; suites on it:\n  ${command.join(' ')}\nend it with: node deploy/setup/test.mjs stop`);
}

await runMain(main);
