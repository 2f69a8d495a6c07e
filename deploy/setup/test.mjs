// The tests. `node deploy/setup/test.mjs [PART]… [--keep] [-- jest's arguments]`; the parts are below, package.json has
// a script for those in daily use. A run has an engine of its own that is gone afterwards; with --keep it stays for the
// next run with --keep, until `node deploy/setup/test.mjs stop`.
import { ensureBuild } from './build.mjs';
import { changedTests } from './changed-tests.mjs';
import { checkDemo } from './demo-check.mjs';
import { ensureDependencies, ensureOtherNode } from './dependencies.mjs';
import { E2E_PARTS, LONG_E2E_PARTS, runE2e, startEngineFor } from './e2e-runs.mjs';
import { lint } from './lint.mjs';
import { GIT_PACKAGES, ensurePackages } from './packages.mjs';
import { checkNode, runMain, say } from './say.mjs';
import { endTestEngine, sweepDeadRuns } from './test-engine.mjs';
import { LONG, summarize, testRun } from './test-runs.mjs';

const IN_PROCESS = ['unit', 'simulation', 'contract'];
const ON_ENGINES = [...E2E_PARTS, ...LONG_E2E_PARTS];
/**
 * `long`: unit and simulation with more random cases; `other-node`: in process once more, on the other version of Node.
 */
const PARTS = ['lint', ...IN_PROCESS, ...ON_ENGINES, 'demo', 'long', 'other-node'];
const GROUPS = {
  check: ['lint', 'unit', 'simulation'],
  whole: ['lint', ...IN_PROCESS, ...E2E_PARTS, 'demo'],
  all: ['lint', ...IN_PROCESS, ...LONG_E2E_PARTS, 'demo', 'long', 'other-node'],
};

function readArguments(argv) {
  const end = argv.indexOf('--');
  const words = end < 0 ? argv : argv.slice(0, end);
  const names = words.filter((word) => word !== '--keep');
  const known = [...PARTS, ...Object.keys(GROUPS), 'stop'];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    say(`unknown part ${unknown}: give any of ${known.join(', ')}`);
    process.exit(2);
  }
  return {
    stop: names.includes('stop'),
    keep: words.includes('--keep') || Boolean(process.env.KALPANA_TEST_KEEP_ENGINE),
    parts: new Set((names.length > 0 ? names : ['whole']).flatMap((name) => GROUPS[name] ?? [name])),
    jestArgs: end < 0 ? [] : argv.slice(end + 1),
    /** In the short loop only: a whole run takes nothing from an earlier one. */
    isCached: names.length > 0 && !names.includes('all'),
    isCheck: names.length === 1 && names[0] === 'check',
  };
}

async function main() {
  const given = readArguments(process.argv.slice(2));
  if (given.stop) return sweepDeadRuns({ kept: true });
  const startedAt = performance.now();
  const run = testRun();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => run.stop(signal));
  try {
    checkNode();
    if (await run.part('dependencies', ensureDependencies)) await runParts(run, given);
  } finally {
    await endEngine(run);
  }
  const code = summarize(run, startedAt);
  return run.stoppedBy() ? 130 : code;
}

async function runParts(run, { parts, jestArgs, keep, isCached, isCheck }) {
  const onEngines = ON_ENGINES.filter((name) => parts.has(name));
  const needsEngine = onEngines.length > 0 || parts.has('demo');
  const [first = E2E_PARTS[0], ...others] = onEngines;
  const engineUnderWay = needsEngine ? startEngineFor(run, first, keep) : undefined;
  const nodeUnderWay = parts.has('other-node') ? ensureOtherNode().catch((error) => error) : undefined;
  if (needsEngine) await run.part('build', () => ensureBuild({ isChecked: parts.has('lint') }));
  if (parts.has('lint')) await lint(run, { isCached });
  const engine = await engineUnderWay;
  const demo = engine && parts.has('demo') ? run.part('demo', (result) => checkDemo(result, engine, run)) : undefined;
  if (isCheck) await runChanged(run, jestArgs);
  else await runInProcess(run, parts, jestArgs);
  if (nodeUnderWay) await runOnOtherNode(run, await nodeUnderWay, jestArgs);
  await demo; // before the suites that measure time
  if (engine && parts.has(first)) await runE2e(run, first, engine, { jestArgs, keep });
  for (const name of others) {
    const its = await startEngineFor(run, name, keep);
    if (its) await runE2e(run, name, its, { jestArgs, keep });
  }
}

async function runInProcess(run, parts, args) {
  const projects = IN_PROCESS.filter((name) => parts.has(name));
  if (projects.includes('contract'))
    await run.part('git', () => ensurePackages(GIT_PACKAGES, 'run the contract tests on real repositories'));
  const env = parts.has('long') ? LONG : {};
  if (projects.length > 0) await run.part(projects.join(', '), (result) => run.jest(result, { projects, args, env }));
}

async function runChanged(run, jestArgs) {
  const changed = changedTests();
  const projects = ['unit', 'simulation'];
  const didPass = await run.part(projects.join(', '), async (result) => {
    await run.jest(result, { projects, args: [...changed.args, ...jestArgs] });
    result.note = [result.note, changed.note].filter(Boolean).join(' ');
  });
  if (didPass && jestArgs.length === 0) changed.passed();
}

async function runOnOtherNode(run, node, args) {
  if (node instanceof Error) return say(`skipped: the run on the other version of Node (${node.message})`);
  await run.part('other Node: unit, simulation, contract', (result) =>
    run.jest(result, { projects: IN_PROCESS, node, args }),
  );
}

/** Also after a signal and a failed start; what can't be ended is a failure of the run. */
async function endEngine(run) {
  try {
    const kept = await endTestEngine();
    if (kept) say(kept);
  } catch (error) {
    run.fail('end of the engine', error);
  }
}

await runMain(main);
